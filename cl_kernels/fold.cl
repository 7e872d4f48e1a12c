/* How elements become one, in reductions and where rows have one destination. Of what is
 * neither a product nor a comparison the elements, or what is made of them, add up. Behind
 * carry.cl. */

enum { FOLD_SUM, FOLD_PROD, FOLD_MAX, FOLD_MIN, FOLD_SQUARES, FOLD_EXPS };

typedef union {
  AV v;
  A a[V];
} lanes_of;

INLINED A combine(int op, A x, A y) {
  switch (op) {
  case FOLD_PROD:
    return MUL(x, y);
  case FOLD_MAX:
    return larger(y, x);
  case FOLD_MIN:
    return smaller(y, x);
  default:
    return ADD(x, y);
  }
}

INLINED AV combinev(int op, AV x, AV y) {
  switch (op) {
  case FOLD_PROD:
    return S(U(x) * U(y));
  case FOLD_MAX:
    return largerv(y, x);
  case FOLD_MIN:
    return smallerv(y, x);
  default:
    return S(U(x) + U(y));
  }
}

INLINED bool carries(int op) {
  return (op != FOLD_PROD) & (op != FOLD_MAX) & (op != FOLD_MIN) & IS_FLOAT;
}

INLINED void take(int op, A *total, A *lost, A x) {
  if (carries(op))
    carry(total, lost, x);
  else
    *total = combine(op, *total, x);
}

INLINED void takev(int op, AV *total, AV *lost, AV x) {
  if (carries(op))
    carryv(total, lost, x);
  else
    *total = combinev(op, *total, x);
}

/* Largest and smallest elements are taken as if there was no NaN, which costs a third, and
 * once more by combinev where there was one. */
INLINED bool minds_nan(int op) {
  return ((op == FOLD_MAX) | (op == FOLD_MIN)) & IS_FLOAT;
}

INLINED AV without_nan(int op, AV x, AV y) {
  return SELECT(op == FOLD_MAX ? y > x : y < x, y, x);
}

INLINED MV is_nan(AV x, AV y) {
  (void)x, (void)y; /* of floats only */
  return FLOAT_OR_INT((x != x) | (y != y), (MV)0);
}
