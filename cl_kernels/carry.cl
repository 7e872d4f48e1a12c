/* Kahan's summation; an infinite total loses nothing. */
INLINED void carry(A *total, A *lost, A x) {
  A y = x - *lost;
  A sum = *total + y;
  A rest = (sum - *total) - y;
  *lost = (A)0;
  if (rest - rest == (A)0) *lost = rest;
  *total = sum;
}

INLINED void carryv(AV *total, AV *lost, AV x) {
  AV y = x - *lost;
  AV sum = *total + y;
  AV rest = (sum - *total) - y;
  *lost = SELECT(rest - rest == (AV)0, rest, (AV)0);
  *total = sum;
}
