/* ctest: devices=all timeout=240 */
/* Einsum against plain loops over all labels. */
#include <ctype.h>
#include <math.h>

#include "reference.h"
#include "test.h"

enum { OPERANDS = 4, AXES = 8 };

/* An equation with its ellipses spelled out: labels of every operand and the result. */
typedef struct spelled {
  int count;
  char labels[OPERANDS + 1][AXES + 1]; /* the result's last */
} spelled;

/* The ellipsis of `axes` axes as digits, the last axis 0. */
static void spell_one(const char *from, const char *end, int axes, char *to) {
  for (; from < end; from++) {
    if (*from == ' ') continue;
    if (*from != '.') {
      *to++ = *from;
      continue;
    }
    for (int i = axes - 1; i >= 0; i--) *to++ = (char)('0' + i);
    from += 2;
  }
  *to = '\0';
}

static int letters_in(const char *from, const char *end) {
  int letters = 0;
  for (; from < end; from++) letters += isalpha((unsigned char)*from) != 0;
  return letters;
}

static spelled spell(const char *equation, const test_shape *shapes) {
  spelled out = {0};
  const char *arrow = strstr(equation, "->"), *at = equation;
  int most = 0;
  while (at <= arrow) {
    const char *end = at;
    while (end < arrow && *end != ',') end++;
    int axes = shapes[out.count].rank - letters_in(at, end);
    if (axes > most) most = axes;
    spell_one(at, end, axes, out.labels[out.count++]);
    at = end + 1;
  }
  spell_one(arrow + 2, arrow + strlen(arrow), most, out.labels[OPERANDS]);
  return out;
}

typedef struct answer {
  test_shape shape;
  double *want, *size;
} answer;

static int64_t position(const char *labels, test_shape shape, const int64_t *index) {
  int64_t at = 0;
  for (int d = 0; d < shape.rank; d++)
    at = at * shape.dims[d] + (shape.dims[d] == 1 ? 0 : index[(int)labels[d]]);
  return at;
}

/* A digit over an axis of one element broadcasts, and so does a letter's. */
static answer refer(const char *equation, const test_shape *shapes, double *const *x) {
  spelled s = spell(equation, shapes);
  int64_t dims[128], index[128] = {0}, total = 1;
  char names[64];
  int count = 0;
  for (int i = 0; i < 128; i++) dims[i] = -1;
  for (int o = 0; o < s.count; o++)
    for (int d = 0; d < shapes[o].rank; d++) {
      int name = s.labels[o][d];
      if (dims[name] < 0) names[count++] = (char)name;
      if (dims[name] < 0 || dims[name] == 1) dims[name] = shapes[o].dims[d];
    }
  answer out = {{0}, NULL, NULL};
  const char *result = s.labels[OPERANDS];
  out.shape.rank = (int)strlen(result);
  for (int d = 0; d < out.shape.rank; d++) out.shape.dims[d] = dims[(int)result[d]];
  size_t size = (size_t)(test_elements(out.shape) + 1) * sizeof(double);
  out.want = test_alloc(size);
  out.size = test_alloc(size);
  for (int i = 0; i < count; i++) total *= dims[(int)names[i]];
  for (int64_t step = 0; step < total; step++) {
    int64_t rest = step;
    double product = 1;
    for (int i = 0; i < count; i++) {
      index[(int)names[i]] = rest % dims[(int)names[i]];
      rest /= dims[(int)names[i]];
    }
    for (int o = 0; o < s.count; o++)
      product *= x[o][position(s.labels[o], shapes[o], index)];
    int64_t at = position(result, out.shape, index);
    out.want[at] += product;
    out.size[at] += fabs(product);
  }
  return out;
}

/* Every sum of products is off by at most (terms + steps) eps / 2 of the sum of their
 * sizes; 16-bit floats are rounded once more after each of up to three steps. Random signs
 * leave the root of the terms, of which there are less than 10^4 here. */
static test_tolerance tolerate(eager_dtype dtype, const answer *right, int steps) {
  test_tolerance tolerance = TEST_EXACT;
  if (!test_is_float(dtype)) return tolerance;
  double most = 0;
  for (int64_t i = 0; i < test_elements(right->shape); i++)
    most = fmax(most, right->size[i]);
  bool narrow = eager_dtype_size(dtype) == 2;
  double epsilon = test_epsilon(narrow ? EAGER_FLOAT32 : dtype) * 104;
  if (narrow) epsilon += test_epsilon(dtype) * (steps - 1);
  return (test_tolerance){1, most * epsilon};
}

static void check(eager_dtype dtype, const char *equation, const test_shape *shapes,
                  int count, int steps) {
  test_pick_mode(test_random());
  double *values[OPERANDS];
  eager_tensor *in[OPERANDS], *y;
  bool is_signed = test_is_float(dtype) || eager__dtype(dtype)->kind == EAGER__KIND_INT;
  for (int i = 0; i < count; i++) {
    values[i] = test_random_values(dtype, test_elements(shapes[i]), is_signed ? -5 : 0, 5);
    in[i] = test_view(dtype, shapes[i], values[i], 2 * i + 1);
  }
  answer right = refer(equation, shapes, values);
  test_poison((size_t)test_elements(right.shape) * eager_dtype_size(dtype));
  assert_ok(eager_einsum(equation, in, (size_t)count, &y));
  test_expect(y, dtype, right.shape, right.want, tolerate(dtype, &right, steps),
              test_text("%s, %s", equation, eager_dtype_name(dtype)));
  eager_tensor_release(y);
  for (int i = 0; i < count; i++) eager_tensor_release(in[i]);
}

typedef struct row {
  const char *equation;
  test_shape shapes[OPERANDS];
  int steps; /* products that a result passes through */
} row;

static const row rows[] = {
    /* One operand: permutations, diagonals, sums. */
    {"ab->ab", {{2, {3, 5}}}, 1},
    {"ab->ba", {{2, {3, 5}}}, 1},
    {"abcd->cadb", {{4, {2, 3, 4, 5}}}, 1},
    {"ii->i", {{2, {4, 4}}}, 1},
    {"ii->", {{2, {4, 4}}}, 1},
    {"iji->j", {{3, {3, 4, 3}}}, 1},
    {"iijj->ji", {{4, {3, 3, 2, 2}}}, 1},
    {"abc->", {{3, {3, 4, 5}}}, 1},
    {"abc->b", {{3, {3, 4, 5}}}, 1},
    {"abc->ca", {{3, {3, 4, 5}}}, 1},
    {"abcde->bd", {{5, {2, 3, 2, 3, 2}}}, 1},
    {"...a->...", {{3, {2, 3, 4}}}, 1},
    {"a...b->b...a", {{4, {2, 3, 1, 4}}}, 1},
    {"...->...", {{2, {2, 3}}}, 1},
    {"->", {{0}}, 1},
    {"i->iii", {{1, {3}}}, 1},
    {"ij->jii", {{2, {3, 2}}}, 1},
    /* Two. */
    {"ab,bc->ac", {{2, {5, 7}}, {2, {7, 4}}}, 1},
    {"ab,cb->ac", {{2, {5, 7}}, {2, {4, 7}}}, 1},
    {"ab,bc->ca", {{2, {5, 7}}, {2, {7, 4}}}, 1},
    {"ba,bc->ac", {{2, {7, 5}}, {2, {7, 4}}}, 1},
    {"zab,zbc->zac", {{3, {3, 4, 5}}, {3, {3, 5, 6}}}, 1},
    {"azb,bcz->zca", {{3, {4, 3, 5}}, {3, {5, 6, 3}}}, 1},
    {"bqhd,bkhd->bhqk", {{4, {2, 5, 3, 4}}, {4, {2, 6, 3, 4}}}, 1},
    {"bhqk,bkhd->bqhd", {{4, {2, 3, 5, 6}}, {4, {2, 6, 3, 4}}}, 1},
    {"abc,cd->abd", {{3, {2, 3, 4}}, {2, {4, 5}}}, 1},
    {"abc,cd->bad", {{3, {2, 3, 4}}, {2, {4, 5}}}, 1},
    {"abcd,bd->ac", {{4, {2, 3, 4, 5}}, {2, {3, 5}}}, 1},
    {"abcd,db->ac", {{4, {2, 3, 4, 5}}, {2, {5, 3}}}, 1},
    {"abcd,dcb->a", {{4, {2, 3, 4, 5}}, {3, {5, 4, 3}}}, 1},
    {"acbd,dcb->a", {{4, {2, 3, 4, 5}}, {3, {5, 3, 4}}}, 1},
    {"i,i->", {{1, {9}}, {1, {9}}}, 1},
    {"i,i->i", {{1, {9}}, {1, {9}}}, 1},
    {"i,j->ij", {{1, {9}}, {1, {5}}}, 1},
    {"i,j->ji", {{1, {9}}, {1, {5}}}, 1},
    {"i,j->", {{1, {9}}, {1, {5}}}, 2},
    {"ij,ij->ij", {{2, {4, 5}}, {2, {4, 5}}}, 1},
    {"ij,ji->", {{2, {4, 5}}, {2, {5, 4}}}, 1},
    {"ij,->ij", {{2, {4, 5}}, {0}}, 1},
    {",->", {{0}, {0}}, 1},
    {"ii,ij->j", {{2, {4, 4}}, {2, {4, 5}}}, 1},
    {"iij,jk->ik", {{3, {4, 4, 3}}, {2, {3, 5}}}, 1},
    {"abc,bd->ad", {{3, {2, 3, 4}}, {2, {3, 5}}}, 2},
    {"abce,bdf->ad", {{4, {2, 3, 4, 2}}, {3, {3, 5, 3}}}, 2},
    {"ab,cd->", {{2, {3, 4}}, {2, {2, 5}}}, 2},
    {"...ab,...bc->...ac", {{4, {2, 3, 4, 5}}, {3, {3, 5, 2}}}, 1},
    {"...ab,...bc->...ac", {{4, {2, 1, 4, 5}}, {4, {1, 3, 5, 2}}}, 1},
    {"...ab,bc->c...a", {{4, {2, 3, 4, 5}}, {2, {5, 2}}}, 1},
    {"a...,...->a...", {{3, {2, 3, 4}}, {1, {4}}}, 1},
    {"a...b,b...->...a", {{4, {2, 3, 1, 5}}, {3, {5, 1, 2}}}, 1},
    {"...a,...a->...", {{2, {0, 4}}, {2, {1, 4}}}, 1},
    {"ab,bc->ac", {{2, {3, 0}}, {2, {0, 4}}}, 1},
    {"ab,bc->ac", {{2, {0, 3}}, {2, {3, 4}}}, 1},
    {"a->", {{1, {0}}}, 1},
    {"ab,bc->aca", {{2, {3, 2}}, {2, {2, 4}}}, 1},
    {"aA,Ab->ab", {{2, {3, 2}}, {2, {2, 4}}}, 1},
    {" a b , b c -> a c ", {{2, {3, 2}}, {2, {2, 4}}}, 1},
    {"abcdefgh,hgfedcba->dbfhaceg",
     {{8, {2, 1, 2, 2, 2, 1, 2, 2}}, {8, {2, 2, 1, 2, 2, 2, 1, 2}}},
     1},
    /* More. */
    {"ab,bc,cd->ad", {{2, {3, 4}}, {2, {4, 5}}, {2, {5, 2}}}, 2},
    {"a,b,c,d->dcba", {{1, {2}}, {1, {3}}, {1, {2}}, {1, {3}}}, 3},
    {"...a,ab,b...->...", {{2, {3, 4}}, {2, {4, 5}}, {2, {5, 3}}}, 2},
    {"ij,jk,ki->", {{2, {3, 4}}, {2, {4, 5}}, {2, {5, 3}}}, 2},
};
enum { ROWS = sizeof rows / sizeof *rows };

static int operands_of(const char *equation) {
  int count = 1;
  for (; *equation; equation++) count += *equation == ',';
  return count;
}

static void every_kind(void **state) {
  (void)state;
  test_enable();
  test_time_limit(200);
  uint64_t index = 0;
  for (int d = 0; d < TEST_DTYPES; d++) {
    eager_dtype dtype = test_dtypes[d];
    if (dtype == EAGER_BOOL || !test_tries(NULL, dtype)) continue;
    for (int i = 0; i < ROWS; i++)
      if (test_sampled(index++) || (dtype == EAGER_FLOAT32 && !test_is_slow()))
        check(dtype, rows[i].equation, rows[i].shapes, operands_of(rows[i].equation),
              rows[i].steps);
  }
}

/* Two operands of random labels out of five, and a random part of these as the result. */
static void random_equations(void **state) {
  (void)state;
  test_enable();
  for (int round = 0; round < (test_is_slow() ? 10 : 150); round++) {
    char text[40];
    int at = 0, used = 0, count = 1 + (int)(test_random() % 2);
    int64_t dims[5];
    test_shape shapes[OPERANDS] = {{0}};
    for (int i = 0; i < 5; i++) dims[i] = test_random_int(1, test_is_slow() ? 3 : 6);
    for (int o = 0; o < count; o++) {
      if (o) text[at++] = ',';
      shapes[o].rank = (int)test_random_int(0, 5);
      for (int d = 0; d < shapes[o].rank; d++) {
        int name = (int)test_random_int(0, 4);
        used |= 1 << name;
        text[at++] = (char)('a' + name);
        shapes[o].dims[d] = dims[name];
      }
    }
    text[at++] = '-';
    text[at++] = '>';
    for (int step = 0; step < 5; step++) {
      int name = (step * 3 + round) % 5;
      if (used >> name & 1 && test_random() % 2) text[at++] = (char)('a' + name);
    }
    text[at] = '\0';
    check(round % 2 ? EAGER_FLOAT32 : EAGER_INT32, text, shapes, count, 2);
  }
}

static void large_ones(void **state) {
  (void)state;
  test_enable();
  if (test_is_slow()) test_skip("millions of multiplications");
  static const row large[] = {
      {"ab->", {{2, {257, 1031}}}, 1},
      {"ab->a", {{2, {3, 65537}}}, 1},
      {"ab->b", {{2, {65537, 3}}}, 1},
      {"abc->b", {{3, {33, 40, 50}}}, 1},
      {"a,a->", {{1, {200003}}, {1, {200003}}}, 1},
      {"ab->ba", {{2, {500, 401}}}, 1},
      {"zab,zbc->zac", {{3, {5, 60, 70}}, {3, {5, 70, 33}}}, 1},
      {"bqhd,bkhd->bhqk", {{4, {2, 50, 3, 16}}, {4, {2, 40, 3, 16}}}, 1},
      /* More dimensions than kernels walk over, each step with workspaces. */
      {"abcdefgk,kgfedcba->acegbdf",
       {{8, {19, 2, 2, 2, 2, 2, 2, 70}}, {8, {70, 2, 2, 2, 2, 2, 2, 19}}},
       1},
  };
  for (size_t i = 0; i < sizeof large / sizeof *large; i++)
    check(EAGER_FLOAT32, large[i].equation, large[i].shapes, operands_of(large[i].equation),
          5);
}

/* What is only moved keeps its bits. */
static void moves_keep_bits(void **state) {
  (void)state;
  test_enable();
  static const uint32_t bits[4] = {0x7fc12345u, 0x00000001u, 0x80000000u, 0xff800000u};
  static const uint32_t moved[4] = {0x7fc12345u, 0x80000000u, 0x00000001u, 0xff800000u};
  uint32_t got[4];
  eager_tensor *x, *y;
  assert_ok(eager_tensor_from_host(EAGER_FLOAT32, 2, (int64_t[]){2, 2}, bits, &x));
  assert_ok(eager_einsum("ab->ba", &x, 1, &y));
  assert_ok(eager_tensor_to_host(y, got, sizeof got));
  assert_memory_equal(got, moved, sizeof got);
  eager_tensor_release(x);
  eager_tensor_release(y);
}

static void without_an_arrow(void **state) {
  (void)state;
  test_enable();
  double values[6] = {1, 2, 3, 4, 5, 6};
  eager_tensor *x = test_tensor(EAGER_INT32, (test_shape){2, {2, 3}}, values), *y;
  eager_tensor *z = test_tensor(EAGER_INT32, (test_shape){2, {2, 2}}, values);
  assert_ok(eager_einsum("ba", &x, 1, &y)); /* -> ab */
  test_expect(y, EAGER_INT32, (test_shape){2, {3, 2}}, (double[]){1, 4, 2, 5, 3, 6},
              TEST_EXACT, "ba");
  eager_tensor_release(y);
  assert_ok(eager_einsum("ii", &z, 1, &y));
  test_expect(y, EAGER_INT32, (test_shape){0}, (double[]){5}, TEST_EXACT, "ii");
  eager_tensor_release(y);
  assert_ok(eager_einsum("ab,b...", (eager_tensor *[]){z, x}, 2, &y)); /* -> ...a */
  test_expect(y, EAGER_INT32, (test_shape){2, {3, 2}}, (double[]){9, 19, 12, 26, 15, 33},
              TEST_EXACT, "ab,b...");
  eager_tensor_release(y);
  eager_tensor_release(x);
  eager_tensor_release(z);
}

static void refuse(const char *equation, eager_tensor *const *in, size_t count,
                   const char *text) {
  eager_tensor *y;
  assert_fails(eager_einsum(equation, in, count, &y), EAGER_INVALID_ARGUMENT, text);
  assert_null(y);
}

static void refusals(void **state) {
  (void)state;
  test_enable();
  double zeros[24] = {0};
  eager_tensor *a = test_tensor(EAGER_FLOAT32, (test_shape){2, {2, 3}}, zeros);
  eager_tensor *b = test_tensor(EAGER_FLOAT32, (test_shape){3, {4, 2, 3}}, zeros);
  eager_tensor *in[] = {a, b};
  refuse("ab->a->", in, 1,
         "Expecting exactly one '->' in einsum equation: ab->a-> [Op:Einsum]");
  refuse("ab,ab->a", in, 1,
         "Expected 2 input tensors for equation 'ab,ab->a' but got: 1 [Op:Einsum]");
  refuse("a->a", in, 1, "Expected input 0 to have rank 1 but got: 2 [Op:Einsum]");
  refuse("abc...->a", in, 1,
         "Expected input 0 to have rank at least 3 but got: 2 [Op:Einsum]");
  refuse("aa->a", in, 1,
         "Expected dimension 2 at axis 1 of the input shaped [2,3] but got dimension 3 "
         "[Op:Einsum]");
  refuse("ab,bcd->a", in, 2,
         "Expected dimension 3 at axis 0 of the input shaped [4,2,3] but got dimension 4 "
         "[Op:Einsum]");
  refuse(
      "a...,...b->ab", in, 2,
      "Invalid broadcasting dimensions: 2 at axis 1 of the input shaped [4,2,3], but 3 in "
      "another input [Op:Einsum]");
  refuse(
      "a...->a", in, 1,
      "Output contains 1 broadcasting dimension(s) but no ellipsis (...) was found in the "
      "output subscripts. [Op:Einsum]");
  refuse(
      "a...,a...,ac->ac", (eager_tensor *[]){a, a, a}, 3,
      "Output contains 1 broadcasting dimension(s) but no ellipsis (...) was found in the "
      "output subscripts. [Op:Einsum]");
  refuse(
      "ab->c", in, 1,
      "Invalid equation 'ab->c': the output subscript 'c' has a label that is in no input "
      "subscript [Op:Einsum]");
  refuse("a1->a", in, 1,
         "Invalid character '1' in equation 'a1->a': labels are letters [Op:Einsum]");
  refuse(
      "a..b->a", in, 1,
      "Invalid character '.' in equation 'a..b->a': an ellipsis is three dots [Op:Einsum]");
  refuse(
      "a......->a", in, 1,
      "Invalid equation 'a......->a': more than one ellipsis in a subscript [Op:Einsum]");
  refuse("ab->aaaaaaaab", in, 1, "a rank of 9 is more than 8 [Op:Einsum]");
  refuse(NULL, in, 1, "equation is NULL [Op:Einsum]");
  refuse("->", in, 0, "inputs must be a list of one or more tensors [Op:Einsum]");
  eager_tensor_release(a);
  eager_tensor_release(b);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_kind),       cmocka_unit_test(random_equations),
      cmocka_unit_test(large_ones),       cmocka_unit_test(moves_keep_bits),
      cmocka_unit_test(without_an_arrow), cmocka_unit_test(refusals),
  };
  return test_main("ops/einsum", tests, sizeof tests / sizeof *tests);
}
