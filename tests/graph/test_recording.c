/* ctest: devices=pocl-pthread,rusticl,oclgrind labels=threaded */
/* What becomes of an op between eager_graph_begin and eager_graph_end, and what a tensor
 * without a value answers. */
#include "placing.h"

static const int64_t two[] = {2, 2}, any[] = {-1, 2};

typedef struct recorded {
  eager_graph *graph;
  eager_tensor *x, *sum; /* [?, 2], x + x */
} recorded;

/* The scope is open. */
static recorded begin(void) {
  recorded r;
  test_enable();
  assert_ok(eager_graph_new(&r.graph));
  assert_ok(eager_graph_begin(r.graph));
  assert_ok(eager_placeholder(EAGER_FLOAT32, 2, any, "x", &r.x));
  assert_ok(eager_add(r.x, r.x, &r.sum));
  return r;
}

static void end(recorded *r) {
  eager_tensor_release(r->x);
  eager_tensor_release(r->sum);
  eager_graph_release(r->graph);
}

static void answers_what_it_is(void **state) {
  (void)state;
  recorded r = begin();
  assert_false(eager_executing_eagerly());
  assert_ok(eager_graph_end());
  assert_true(eager_executing_eagerly());
  assert_true(eager_tensor_is_symbolic(r.sum));
  assert_int_equal(eager_tensor_dtype(r.sum), EAGER_FLOAT32);
  assert_int_equal(eager_tensor_rank(r.sum), 2);
  assert_int_equal(eager_tensor_dim(r.sum, 0), -1);
  assert_int_equal(eager_tensor_dim(r.sum, 1), 2);
  assert_int_equal(eager_tensor_num_elements(r.sum), -1);
  assert_int_equal(eager_tensor_byte_size(r.sum), 0);
  assert_string_equal(eager_tensor_device(r.sum), "");
  eager_tensor *value;
  assert_ok(eager_scalar_float32(1, &value));
  assert_false(eager_tensor_is_symbolic(value));
  assert_false(eager_tensor_is_symbolic(NULL));
  eager_tensor_release(value);
  end(&r);
}

static void has_no_value(void **state) {
  (void)state;
  static const char text[] = "the tensor AddV2_1:0 is symbolic: run it in a session";
  recorded r = begin();
  assert_ok(eager_graph_end());
  float values[4];
  const void *data;
  char *words;
  eager_tensor *copy;
  cl_mem mem;
  cl_event event;
  size_t offset;
  assert_int_equal(eager_tensor_poll(r.sum), EAGER_FAILED);
  assert_string_equal(eager_error_message(), text);
  assert_fails(eager_tensor_wait(r.sum), EAGER_FAILED_PRECONDITION, text);
  assert_fails(eager_tensor_wait_for(r.sum, 1), EAGER_FAILED_PRECONDITION, text);
  assert_fails(eager_tensor_to_host(r.sum, values, 0), EAGER_FAILED_PRECONDITION, text);
  assert_fails(eager_tensor_map(r.sum, &data), EAGER_FAILED_PRECONDITION, text);
  assert_fails(eager_tensor_unmap(r.sum), EAGER_FAILED_PRECONDITION, text);
  assert_fails(eager_tensor_format(r.sum, &words), EAGER_FAILED_PRECONDITION, text);
  assert_fails(eager_tensor_print(r.sum), EAGER_FAILED_PRECONDITION, text);
  assert_fails(eager_tensor_copy_to_device(r.sum, test_device(), &copy),
               EAGER_FAILED_PRECONDITION, text);
  assert_fails(eager_npy_save("nowhere.npy", r.sum), EAGER_FAILED_PRECONDITION, text);
  assert_fails(eager_tensor_cl_mem(r.sum, &mem, &offset), EAGER_FAILED_PRECONDITION, text);
  assert_fails(eager_tensor_cl_event(r.sum, &event), EAGER_FAILED_PRECONDITION, text);
  assert_null(copy);
  end(&r);
}

static void eager_ops_refuse_it(void **state) {
  (void)state;
  recorded r = begin();
  assert_ok(eager_graph_end());
  eager_tensor *value, *out;
  assert_ok(eager_scalar_float32(1, &value));
  assert_fails(eager_multiply(value, r.sum, &out), EAGER_FAILED_PRECONDITION,
               "input #1(zero-based) of Mul, `y`, AddV2_1:0 is symbolic: run it in a "
               "session [Op:Mul]");
  assert_null(out);
  eager_tensor_release(value);
  end(&r);
}

/* By code and text what they are eagerly, and nothing is added. */
static void errors_come_at_once(void **state) {
  (void)state;
  recorded r = begin();
  eager_tensor *three, *ints, *out;
  assert_ok(eager_placeholder(EAGER_FLOAT32, 1, (int64_t[]){3}, "three", &three));
  assert_ok(eager_placeholder(EAGER_INT32, 1, (int64_t[]){2}, "ints", &ints));
  assert_fails(eager_add(r.sum, three, &out), EAGER_INVALID_ARGUMENT,
               "Incompatible shapes: [?,2] vs. [3] [Op:AddV2]");
  assert_null(out);
  assert_fails_like(eager_add(r.sum, ints, &out), EAGER_INVALID_ARGUMENT,
                    "was expected to be a float tensor but is a int32 tensor [Op:AddV2]");
  assert_fails_like(eager_reduce_sum(r.sum, (int64_t[]){2}, 1, false, &out),
                    EAGER_INVALID_ARGUMENT, "[Op:Sum]");
  assert_fails_like(eager_add(r.sum, NULL, &out), EAGER_INVALID_ARGUMENT, "is NULL");
  eager_tensor *next;
  assert_ok(eager_placeholder(EAGER_INT32, 0, NULL, NULL, &next));
  assert_int_equal(eager_tensor_poll(next), EAGER_FAILED);
  assert_string_equal(eager_error_message(),
                      "the tensor Placeholder:0 is symbolic: run it in a session");
  assert_ok(eager_graph_end());
  eager_tensor *all[] = {three, ints, next};
  for (int i = 0; i < 3; i++) eager_tensor_release(all[i]);
  end(&r);
}

static void what_depends_on_data_is_refused(void **state) {
  (void)state;
  recorded r = begin();
  eager_tensor *out;
  assert_fails(eager_where_indices(r.sum, &out), EAGER_INVALID_ARGUMENT,
               "the size of what Where gives depends on data: it cannot be part of a graph "
               "[Op:Where]");
  assert_null(out);
  assert_ok(eager_graph_end());
  end(&r);
}

static void names_are_unique(void **state) {
  (void)state;
  static const char *const expected[] = {"x_2", "AddV2_3", "AddV2_4", "AddV2_4_5"};
  recorded r = begin();
  eager_tensor *made[4];
  assert_ok(eager_placeholder(EAGER_INT32, 0, NULL, "x", &made[0]));
  assert_ok(eager_placeholder(EAGER_INT32, 0, NULL, "AddV2_3", &made[1]));
  assert_ok(eager_add(r.x, r.x, &made[2]));
  assert_ok(eager_placeholder(EAGER_INT32, 0, NULL, "AddV2_4", &made[3]));
  assert_ok(eager_graph_end());
  for (int i = 0; i < 4; i++) {
    assert_int_equal(eager_tensor_poll(made[i]), EAGER_FAILED);
    assert_string_equal(
        eager_error_message(),
        test_text("the tensor %s:0 is symbolic: run it in a session", expected[i]));
    eager_tensor_release(made[i]);
  }
  end(&r);
}

/* A name that stands in the way moves a node to another number, not onto another node. */
static void names_in_the_way_move_only_one(void **state) {
  (void)state;
  test_enable();
  eager_graph *g;
  eager_tensor *x, *y, *z;
  char *text;
  assert_ok(eager_graph_new(&g));
  assert_ok(eager_graph_begin(g));
  assert_ok(eager_placeholder(EAGER_INT32, 0, NULL, "Neg_1", &x));
  assert_ok(eager_negative(x, &y));
  assert_ok(eager_negative(y, &z));
  assert_ok(eager_graph_end());
  assert_ok(eager_graph_dump(g, EAGER_GRAPH_TEXT, &text));
  assert_string_equal(text, "Neg_1 = Placeholder() int32[]\n"
                            "Neg_2 = Neg(Neg_1:0) int32[]\n"
                            "Neg_3 = Neg(Neg_2:0) int32[]\n");
  eager_free(text);
  eager_tensor *all[] = {x, y, z};
  for (int i = 0; i < 3; i++) eager_tensor_release(all[i]);
  eager_graph_release(g);
}

static void placeholders_are_checked(void **state) {
  (void)state;
  eager_tensor *out;
  test_enable();
  assert_fails(eager_placeholder(EAGER_FLOAT32, 2, two, "x", &out),
               EAGER_FAILED_PRECONDITION,
               "eager_placeholder: no graph scope is open in this thread: call "
               "eager_graph_begin()");
  recorded r = begin();
  assert_fails_like(eager_placeholder(EAGER_FLOAT32, 2, (int64_t[]){-2, 1}, "x", &out),
                    EAGER_INVALID_ARGUMENT, "-2");
  assert_fails_like(eager_placeholder(EAGER_FLOAT32, 9, two, "x", &out),
                    EAGER_INVALID_ARGUMENT, "rank");
  assert_fails_like(eager_placeholder((eager_dtype)99, 2, two, "x", &out),
                    EAGER_INVALID_ARGUMENT, "dtype");
  assert_null(out);
  assert_ok(eager_graph_end());
  end(&r);
}

/* The innermost scope counts; tensors of another graph are told. */
static void scopes_nest(void **state) {
  (void)state;
  recorded r = begin();
  eager_graph *inner;
  eager_tensor *y, *out;
  assert_ok(eager_graph_new(&inner));
  assert_ok(eager_graph_begin(inner));
  assert_ok(eager_placeholder(EAGER_FLOAT32, 2, two, "y", &y));
  assert_fails(
      eager_add(y, r.x, &out), EAGER_INVALID_ARGUMENT,
      "cannot compute AddV2 as input #1(zero-based), x:0, belongs to another graph "
      "[Op:AddV2]");
  assert_ok(eager_graph_end());
  assert_ok(eager_add(r.x, r.sum, &out));
  eager_tensor_release(out);
  assert_ok(eager_graph_end());
  assert_fails(eager_graph_end(), EAGER_FAILED_PRECONDITION,
               "eager_graph_end: no graph scope is open in this thread");
  eager_tensor_release(y);
  eager_graph_release(inner);
  end(&r);
}

/* The graph lives as long as what stands in it. */
static void symbolic_tensors_keep_their_graph(void **state) {
  (void)state;
  recorded r = begin();
  assert_ok(eager_graph_end());
  eager_graph_release(r.graph);
  r.graph = NULL;
  assert_int_equal(eager_tensor_poll(r.sum), EAGER_FAILED);
  assert_non_null(strstr(eager_error_message(), "AddV2_1:0"));
  end(&r);
}

static void tidy_scopes_own_them(void **state) {
  (void)state;
  test_enable();
  eager_graph *g;
  eager_tensor *x, *sum, *two_of_it, *kept;
  assert_ok(eager_graph_new(&g));
  assert_ok(eager_graph_begin(g));
  assert_ok(eager_tidy_begin());
  assert_ok(eager_placeholder(EAGER_FLOAT32, 2, two, "x", &x));
  assert_ok(eager_scalar_float32(2, &two_of_it));
  assert_ok(eager_multiply(x, two_of_it, &sum));
  assert_ok(eager_negative(sum, &kept));
  assert_ok(eager_tidy_keep(kept));
  assert_ok(eager_tidy_end());
  assert_ok(eager_graph_end());
  assert_true(eager_tensor_is_symbolic(kept));
  eager_tensor_release(kept);
  eager_graph_release(g);
}

typedef struct many {
  eager_graph *graph;
  eager_tensor *x, *captured;
} many;

/* A scope is left open on purpose: it goes with its thread. */
static const char *record_many(int i, void *argument) {
  many *m = argument;
  eager_tensor *last = NULL, *next;
  const char *wrong = test_failure(eager_graph_begin(m->graph));
  for (int k = 0; k < 100 && wrong == NULL; k++) {
    eager_tensor *other = k % 2 ? m->captured : m->x;
    wrong = test_failure(eager_add(last ? last : m->x, other, &next));
    if (wrong != NULL) break;
    eager_tensor_release(last);
    last = next;
  }
  eager_tensor_release(last);
  if (wrong == NULL && i > 0) wrong = test_failure(eager_graph_end());
  return wrong;
}

static void threads_record_at_once(void **state) {
  (void)state;
  recorded r = begin();
  assert_ok(eager_graph_end());
  many m = {r.graph, r.x, placing_tensor(test_device(), EAGER_FLOAT32, 2)};
  test_threads(4, record_many, &m);
  assert_ok(eager_graph_begin(r.graph));
  eager_tensor *last;
  assert_ok(eager_negative(r.x, &last));
  assert_ok(eager_graph_end());
  assert_int_equal(eager_tensor_poll(last), EAGER_FAILED);
  assert_non_null(strstr(eager_error_message(), "Neg_40")); /* every node is there */
  eager_tensor_release(last);
  eager_tensor_release(m.captured);
  end(&r);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(answers_what_it_is),
      cmocka_unit_test(has_no_value),
      cmocka_unit_test(eager_ops_refuse_it),
      cmocka_unit_test(errors_come_at_once),
      cmocka_unit_test(what_depends_on_data_is_refused),
      cmocka_unit_test(names_are_unique),
      cmocka_unit_test(names_in_the_way_move_only_one),
      cmocka_unit_test(placeholders_are_checked),
      cmocka_unit_test(scopes_nest),
      cmocka_unit_test(symbolic_tensors_keep_their_graph),
      cmocka_unit_test(tidy_scopes_own_them),
      cmocka_unit_test(threads_record_at_once),
  };
  return test_main("graph/recording", tests, sizeof tests / sizeof *tests);
}
