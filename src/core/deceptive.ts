/**
 * What is invisible in a name, or changes how it reads: direction marks make "gpj.exe" read "exe.jpg", and with the
 * others two names could look alike. For `replace` only, as it is global.
 */
export const DECEPTIVE: RegExp = /[\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]/gu;
