/* Sessions: some of a training step, rows picked and a sum across devices, as graphs. A
 * session that a fault has hit runs again afterwards. */
#include "scenario_parts.h"

enum { NODES_IN = 6, NODES_OUT = 2, MOST_BYTES = 1024 };

/* Of this process. The graph is made anew for every attempt, and so are its plans. */
static struct {
  eager_graph *graph;
  eager_session *session;
  eager_tensor *in[NODES_IN], *out[NODES_OUT]; /* symbolic */
  int in_count, out_count;
  unsigned char first[NODES_OUT][MOST_BYTES]; /* what the first run gave */
  bool has_first;
} s;

/* --- Recording, which nothing of the driver's takes part in --- */

static eager_status record(fault_attempt *a, int inputs, eager_status (*body)(void)) {
  s.in_count = inputs;
  eager_status status = eager_graph_new(&s.graph);
  if (status == EAGER_OK) status = eager_graph_begin(s.graph);
  for (int i = 0; i < inputs && status == EAGER_OK; i++) {
    const eager_tensor *of = fault_input_of(a, i);
    int64_t dims[8];
    for (int d = 0; d < eager_tensor_rank(of); d++) dims[d] = eager_tensor_dim(of, d);
    status = eager_placeholder(eager_tensor_dtype(of), eager_tensor_rank(of), dims, NULL,
                               &s.in[i]);
  }
  if (status == EAGER_OK) status = eager_tidy_begin();
  if (status == EAGER_OK) status = body();
  for (int i = 0; i < s.out_count && status == EAGER_OK; i++)
    status = eager_tidy_keep(s.out[i]);
  if (status == EAGER_OK) status = eager_tidy_end();
  if (status == EAGER_OK) status = eager_graph_end();
  if (status == EAGER_OK) status = eager_session_new(s.graph, NULL, &s.session);
  return status;
}

static void must_record(fault_attempt *a, int inputs, eager_status (*body)(void)) {
  if (record(a, inputs, body) != EAGER_OK)
    fault_wrong(a, "before the fault: %s", eager_error_message());
}

/* --- Bodies --- */

enum { X, W1, B1, W2, LABELS };

static eager_status update(eager_tensor *weights, eager_tensor *gradient,
                           eager_tensor **out) {
  eager_tensor *rate, *scaled;
  EAGER__TRY(eager_scalar_float32(0.125f, &rate));
  EAGER__TRY(eager_multiply(gradient, rate, &scaled));
  return eager_subtract(weights, scaled, out);
}

/* As much of a step as the second layer's weights need. */
static eager_status train(void) {
  eager_tensor *x, *biased, *hidden, *logits, *error, *of_w2;
  s.out_count = 2;
  EAGER__TRY(eager_matmul(s.in[X], false, s.in[W1], false, &x));
  EAGER__TRY(eager_bias_add(x, s.in[B1], NULL, &biased));
  EAGER__TRY(eager_relu(biased, &hidden));
  EAGER__TRY(eager_matmul(hidden, false, s.in[W2], false, &logits));
  EAGER__TRY(eager_sparse_softmax_cross_entropy_with_logits(s.in[LABELS], logits, &s.out[0],
                                                            &error));
  EAGER__TRY(eager_matmul(hidden, true, error, false, &of_w2));
  return update(s.in[W2], of_w2, &s.out[1]);
}

static eager_status pick_rows(void) {
  s.out_count = 1;
  return eager_gather(s.in[0], s.in[1], 0, &s.out[0]);
}

static eager_status add_there_and_here(void) {
  s.out_count = 1;
  return eager_add(s.in[0], s.in[1], &s.out[0]);
}

/* --- Running --- */

static eager_status run(fault_attempt *a, eager_tensor **out) {
  eager_tensor *values[NODES_IN];
  for (int i = 0; i < s.in_count; i++) values[i] = fault_input_of(a, i);
  return eager_session_run(s.session, s.in, values, (size_t)s.in_count, s.out,
                           (size_t)s.out_count, out);
}

void fault_session(fault_attempt *a) {
  eager_tensor *out[NODES_OUT] = {NULL};
  eager_status status = run(a, out);
  for (int i = 0; i < s.out_count; i++) fault_step(a, status, &out[i]);
  for (int i = 0; i < s.out_count; i++)
    if (out[i] != NULL) fault_expect(a, out[i], NULL, 0);
}

/* The second run has what the first one made, or goes on behind its failure. */
void fault_session_twice(fault_attempt *a) {
  fault_session(a);
  fault_session(a);
}

/* The same as the first time, in the process, whatever happened since. */
static void check_again(fault_attempt *a, int i, const eager_tensor *out) {
  unsigned char got[MOST_BYTES] = {0};
  size_t size = eager_tensor_byte_size(out);
  if (size > MOST_BYTES || eager_tensor_to_host(out, got, size) != EAGER_OK) {
    fault_wrong(a, "run again, output %d: %s", i, eager_error_message());
    return;
  }
  if (!s.has_first) memcpy(s.first[i], got, size);
  if (memcmp(s.first[i], got, size) != 0)
    fault_wrong(a, "run again, output %d is another", i);
}

static void run_again(fault_attempt *a) {
  eager_tensor *out[NODES_OUT] = {NULL};
  eager_status status = run(a, out);
  if (status == EAGER_UNAVAILABLE && fault_any_lost()) return;
  if (status != EAGER_OK) {
    fault_wrong(a, "run again: %s", eager_error_message());
    return;
  }
  for (int i = 0; i < s.out_count; i++) {
    if (!fault_any_lost()) check_again(a, i, out[i]);
    eager_tensor_release(out[i]);
  }
  s.has_first = true;
}

void fault_session_again(fault_attempt *a) {
  run_again(a);
  for (int i = 0; i < s.in_count; i++) eager_tensor_release(s.in[i]);
  for (int i = 0; i < s.out_count; i++) eager_tensor_release(s.out[i]);
  eager_session_release(s.session);
  eager_graph_release(s.graph);
  s.session = NULL;
  s.graph = NULL;
}

/* --- Before --- */

void fault_training_session(fault_attempt *a) {
  fault_perceptron(a);
  must_record(a, 5, train);
}

void fault_picking_session(fault_attempt *a) {
  fault_matrix_and_rows(a);
  must_record(a, 2, pick_rows);
}

void fault_crossing_session(fault_attempt *a) {
  fault_inputs_elsewhere(a);
  must_record(a, 2, add_there_and_here);
}
