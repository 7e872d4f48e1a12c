#include "slow.h"

#include "base/sync.h"

enum { N = 512 }; /* a power of two: the products are exact */

double slow_now(void) {
  return (double)eager__now() * 1e-9;
}

static eager_tensor *product(eager_tensor *a, eager_tensor *b) {
  eager_tensor *c;
  assert_ok(eager_matmul(a, false, b, false, &c));
  return c;
}

static eager_tensor *chain(eager_tensor *matrix, int products) {
  eager_tensor *c = matrix;
  eager_tensor_retain(c);
  for (int i = 0; i < products; i++) {
    eager_tensor *next = product(c, matrix);
    eager_tensor_release(c);
    c = next;
  }
  return c;
}

static double milliseconds_of(const slow_work *work) {
  double begin = slow_now();
  eager_tensor *last = chain(work->matrix, work->products);
  assert_ok(eager_tensor_wait(last));
  eager_tensor_release(last);
  return (slow_now() - begin) * 1e3;
}

slow_work slow_prepare(int milliseconds) {
  int n = test_is_slow() ? 4 : N;
  double *values = test_alloc((size_t)(n * n) * sizeof *values);
  for (int i = 0; i < n * n; i++) values[i] = 1.0 / n;
  slow_work work = {.element = 1.0 / n, .products = 1};
  work.matrix = test_tensor(EAGER_FLOAT32, (test_shape){2, {n, n}}, values);
  eager_tensor_release(chain(work.matrix, 1)); /* builds the kernel */
  if (test_is_slow()) return work;
  for (;;) {
    double passed = milliseconds_of(&work), again = milliseconds_of(&work);
    if (again < passed) passed = again; /* the machine may be busy with other things */
    if (passed >= milliseconds) return work;
    work.products *= passed * 4 < milliseconds ? 4 : 2;
  }
}

eager_tensor *slow_start(const slow_work *work) {
  return chain(work->matrix, work->products);
}

void slow_end(slow_work *work) {
  eager_tensor_release(work->matrix);
}
