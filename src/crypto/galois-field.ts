/**
 * GF(2^8) with the polynomial x^8 + x^4 + x^3 + x^2 + 1 (0x11d), and matrices over it: the arithmetic of Reed-Solomon
 * codes. Addition is XOR. Nothing here is secret: fragments are sealed before they are coded.
 *
 * A matrix is a row-major Uint8Array with its number of columns.
 */

const POLYNOMIAL = 0x11d;
/** Powers of the generator 2, twice over, so that a sum of two logarithms needs no reduction. */
const POWERS = new Uint8Array(510);
const LOGARITHMS = new Uint8Array(256);
for (let i = 0, power = 1; i < 255; i++) {
  POWERS[i] = power;
  POWERS[i + 255] = power;
  LOGARITHMS[power] = i;
  power = (power << 1) ^ (power & 0x80 ? POLYNOMIAL : 0);
}

export interface Matrix {
  readonly columns: number;
  readonly cells: Uint8Array;
}

/** The product of two bytes. */
export function fieldProduct(a: number, b: number): number {
  if (a === 0 || b === 0) return 0;
  return POWERS[(LOGARITHMS[a] as number) + (LOGARITHMS[b] as number)] as number;
}

/** The inverse of a byte other than 0. */
function fieldInverse(a: number): number {
  return POWERS[255 - (LOGARITHMS[a] as number)] as number;
}

/** Rows r^0, r^1, ... for r = 0 .. rows - 1 (0^0 = 1), at most 256: any `columns` of its rows are independent. */
export function vandermonde(rows: number, columns: number): Matrix {
  const cells = new Uint8Array(rows * columns);
  for (let r = 0; r < rows; r++) {
    for (let c = 0, power = 1; c < columns; c++, power = fieldProduct(power, r)) cells[r * columns + c] = power;
  }
  return { columns, cells };
}

/** The chosen rows of a matrix, in that order. */
export function chooseRows({ columns, cells }: Matrix, rows: readonly number[]): Matrix {
  const chosen = new Uint8Array(rows.length * columns);
  for (const [i, row] of rows.entries()) chosen.set(cells.subarray(row * columns, (row + 1) * columns), i * columns);
  return { columns, cells: chosen };
}

/** a times b; a has as many columns as b has rows. */
export function matrixProduct(a: Matrix, b: Matrix): Matrix {
  const rows = a.cells.length / a.columns;
  const cells = new Uint8Array(rows * b.columns);
  for (let r = 0; r < rows; r++) {
    for (let i = 0; i < a.columns; i++) {
      addRow(cells, r * b.columns, b.cells, i * b.columns, b.columns, a.cells[r * a.columns + i] as number);
    }
  }
  return { columns: b.columns, cells };
}

/** The inverse of a square matrix that has one (every square choice of rows of a Vandermonde matrix does). */
export function invert({ columns: size, cells }: Matrix): Matrix {
  const left = cells.slice();
  const right = new Uint8Array(size * size);
  for (let i = 0; i < size; i++) right[i * size + i] = 1;
  for (let column = 0; column < size; column++) {
    let pivot = column;
    while (left[pivot * size + column] === 0) pivot++;
    if (pivot !== column) {
      // A row that has a 0 here gets a 1 from the other one, scaled: this is all that an exchange is for.
      const scale = fieldInverse(left[pivot * size + column] as number);
      addRow(left, column * size, left, pivot * size, size, scale);
      addRow(right, column * size, right, pivot * size, size, scale);
    }
    const inverse = fieldInverse(left[column * size + column] as number);
    // row + (1 + inverse) * row = inverse * row
    addRow(left, column * size, left.slice(column * size, (column + 1) * size), 0, size, 1 ^ inverse);
    addRow(right, column * size, right.slice(column * size, (column + 1) * size), 0, size, 1 ^ inverse);
    for (let row = 0; row < size; row++) {
      const factor = row === column ? 0 : (left[row * size + column] as number);
      addRow(left, row * size, left, column * size, size, factor);
      addRow(right, row * size, right, column * size, size, factor);
    }
  }
  return { columns: size, cells: right };
}

/** to[toStart ..] += factor * from[fromStart ..], `length` bytes of each. */
function addRow(
  to: Uint8Array,
  toStart: number,
  from: Uint8Array,
  fromStart: number,
  length: number,
  factor: number,
): void {
  if (factor === 0) return;
  for (let i = 0; i < length; i++) {
    to[toStart + i] = (to[toStart + i] as number) ^ fieldProduct(factor, from[fromStart + i] as number);
  }
}
