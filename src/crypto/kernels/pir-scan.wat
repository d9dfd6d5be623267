;; XOR of the selected records of a database, for several queries in one pass (NEP-14). Built by `npm run build:kernels`.
;;
;;   memory   records, 2,112 B each, eight to a block of 16,896 B | queries | answers, 2,112 B each
;;   query    a byte for each block; bit 0 (the lowest) selects its first record
;;
;; A block lies in the first-level cache while every query is answered from it, so that the database comes from memory
;; once for all of them. Records are masked and not skipped: what the loop does depends on no bit of a query, and eight
;; records share one load and one store of the answer.
(module
  (import "nocturne" "memory" (memory 1))
  (func $mask (param $bits i32) (param $bit i32) (result v128)
    (i32x4.splat (i32.sub (i32.const 0) (i32.and (i32.shr_u (local.get $bits) (local.get $bit)) (i32.const 1)))))
  (func $block (param $record i32) (param $bits i32) (param $answer i32)
    (local $end i32)
    (local $m0 v128) (local $m1 v128) (local $m2 v128) (local $m3 v128)
    (local $m4 v128) (local $m5 v128) (local $m6 v128) (local $m7 v128)
    (local.set $m0 (call $mask (local.get $bits) (i32.const 0)))
    (local.set $m1 (call $mask (local.get $bits) (i32.const 1)))
    (local.set $m2 (call $mask (local.get $bits) (i32.const 2)))
    (local.set $m3 (call $mask (local.get $bits) (i32.const 3)))
    (local.set $m4 (call $mask (local.get $bits) (i32.const 4)))
    (local.set $m5 (call $mask (local.get $bits) (i32.const 5)))
    (local.set $m6 (call $mask (local.get $bits) (i32.const 6)))
    (local.set $m7 (call $mask (local.get $bits) (i32.const 7)))
    (local.set $end (i32.add (local.get $record) (i32.const 2112)))
    (loop $column
      (v128.store (local.get $answer)
        (v128.xor (v128.load (local.get $answer))
          (v128.xor
            (v128.xor
              (v128.xor (v128.and (v128.load (local.get $record)) (local.get $m0))
                        (v128.and (v128.load offset=2112 (local.get $record)) (local.get $m1)))
              (v128.xor (v128.and (v128.load offset=4224 (local.get $record)) (local.get $m2))
                        (v128.and (v128.load offset=6336 (local.get $record)) (local.get $m3))))
            (v128.xor
              (v128.xor (v128.and (v128.load offset=8448 (local.get $record)) (local.get $m4))
                        (v128.and (v128.load offset=10560 (local.get $record)) (local.get $m5)))
              (v128.xor (v128.and (v128.load offset=12672 (local.get $record)) (local.get $m6))
                        (v128.and (v128.load offset=14784 (local.get $record)) (local.get $m7)))))))
      (local.set $answer (i32.add (local.get $answer) (i32.const 16)))
      (br_if $column
        (i32.lt_u (local.tee $record (i32.add (local.get $record) (i32.const 16))) (local.get $end)))))

  ;; `blocks` and `queries` are at least 1; queries lie one after another, `blocks` bytes each; answers begin as zeros.
  (func (export "scan") (param $blocks i32) (param $query i32) (param $answer i32) (param $queries i32)
    (local $record i32) (local $i i32) (local $q i32)
    (loop $next
      (local.set $q (i32.const 0))
      (loop $each
        (call $block
          (local.get $record)
          (i32.load8_u (i32.add (i32.add (local.get $query) (local.get $i))
                                (i32.mul (local.get $q) (local.get $blocks))))
          (i32.add (local.get $answer) (i32.mul (local.get $q) (i32.const 2112))))
        (br_if $each (i32.lt_u (local.tee $q (i32.add (local.get $q) (i32.const 1))) (local.get $queries))))
      (local.set $record (i32.add (local.get $record) (i32.const 16896)))
      (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $blocks))))))
