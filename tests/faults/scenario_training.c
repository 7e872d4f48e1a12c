/* A step of training: two layers, their gradients, new weights. */
#include "scenario_parts.h"

void fault_perceptron(fault_attempt *a) {
  const int64_t w1[2] = {FAULT_COLUMNS, 16}, b1 = 16, w2[2] = {16, 4}, rows = FAULT_ROWS;
  const int32_t labels[FAULT_ROWS] = {0, 3, 1, 2, 3, 0};
  const float rate = 0.125f;
  fault_floats(a, a->here, 2, fault_matrix, 1);
  fault_floats(a, a->here, 2, w1, 2);
  fault_floats(a, a->here, 1, &b1, 3);
  fault_floats(a, a->here, 2, w2, 4);
  fault_input(a, a->here, EAGER_INT32, 1, &rows, labels);
  fault_input(a, a->here, EAGER_FLOAT32, 0, NULL, &rate);
  fault_trim(a);
}

typedef struct tape {
  fault_attempt *attempt;
  eager_tensor *made[24];
  int count;
} tape;

/* Keeps the result of one op; false if there is none: then nothing that needs it is run. */
static bool ran(tape *t, eager_status status, eager_tensor **out) {
  if (!fault_step(t->attempt, status, out)) return false;
  t->made[t->count++] = *out;
  return true;
}

static bool forward(tape *t, eager_tensor **out_hidden, eager_tensor **out_loss,
                    eager_tensor **out_error) {
  fault_attempt *a = t->attempt;
  eager_tensor *x = NULL, *biased = NULL, *logits = NULL;
  if (!ran(t, eager_matmul(fault_input_of(a, 0), false, fault_input_of(a, 1), false, &x),
           &x) ||
      !ran(t, eager_bias_add(x, fault_input_of(a, 2), NULL, &biased), &biased) ||
      !ran(t, eager_relu(biased, out_hidden), out_hidden) ||
      !ran(t, eager_matmul(*out_hidden, false, fault_input_of(a, 3), false, &logits),
           &logits))
    return false;
  eager_status status = eager_sparse_softmax_cross_entropy_with_logits(
      fault_input_of(a, 4), logits, out_loss, out_error);
  if (status != EAGER_OK && *out_error != NULL) fault_wrong(a, "half of an op's outputs");
  return ran(t, status, out_loss) && ran(t, EAGER_OK, out_error);
}

static void update(tape *t, eager_tensor *weights, eager_tensor *gradient,
                   eager_tensor **out) {
  eager_tensor *scaled = NULL;
  if (ran(t, eager_multiply(gradient, fault_input_of(t->attempt, 5), &scaled), &scaled))
    ran(t, eager_subtract(weights, scaled, out), out);
}

static void backward(tape *t, eager_tensor *hidden, eager_tensor *error,
                     eager_tensor **results) {
  fault_attempt *a = t->attempt;
  eager_tensor *of_w2 = NULL, *of_hidden = NULL, *of_x = NULL, *of_w1 = NULL, *of_b1 = NULL;
  if (!ran(t, eager_matmul(hidden, true, error, false, &of_w2), &of_w2) ||
      !ran(t, eager_matmul(error, false, fault_input_of(a, 3), true, &of_hidden),
           &of_hidden) ||
      !ran(t, eager_relu_grad(of_hidden, hidden, &of_x), &of_x) ||
      !ran(t, eager_matmul(fault_input_of(a, 0), true, of_x, false, &of_w1), &of_w1) ||
      !ran(t, eager_bias_add_grad(of_x, NULL, &of_b1), &of_b1))
    return;
  update(t, fault_input_of(a, 1), of_w1, &results[0]);
  if (results[0] != NULL) update(t, fault_input_of(a, 2), of_b1, &results[1]);
  if (results[1] != NULL) update(t, fault_input_of(a, 3), of_w2, &results[2]);
}

void fault_training_step(fault_attempt *a) {
  tape t = {.attempt = a};
  eager_tensor *hidden = NULL, *error = NULL, *results[4] = {NULL};
  if (forward(&t, &hidden, &results[0], &error)) backward(&t, hidden, error, results + 1);
  for (int i = 0; i < 4; i++) {
    if (results[i] == NULL) continue;
    eager_tensor_retain(results[i]);
    fault_expect(a, results[i], NULL, 0);
  }
  for (int i = 0; i < t.count; i++) eager_tensor_release(t.made[i]);
}
