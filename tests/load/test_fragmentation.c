/* ctest: devices=pocl-basic,rusticl labels=faults timeout=120 */
/* Memory in pieces: with half of what filled the budget released, one here and one there, a
 * tensor larger than any piece is made all the same; what does not fit is refused with what
 * was asked, used and allowed, and changes nothing. A model that only adds up knows for
 * every call which of the two it has to be, so the budget is neither passed nor wasted.
 *
 * The default run makes a few rounds of random sizes; EAGERCL_TEST_FULL=1 makes 300. */
#include "cl/census.h"
#include "placing.h"
#include "tensor/pool.h"

enum { LIMIT = 4 << 20, HELD = 1024, BUFFERS = 8192 };

/* ---- The model ---- */

/* A block of device memory, in the order they were handed out. */
typedef struct buffer {
  int handles; /* tensors that keep it */
  size_t asked, taken;
  const char *op;
  unsigned long long number;
} buffer;

/* A tensor: int32 numbers start, start + step, start + 2 step ... that wrap round. */
typedef struct held {
  eager_tensor *tensor;
  int64_t count;
  uint32_t start, step;
  int buffer;
} held;

static struct {
  buffer buffers[BUFFERS];
  held all[HELD];
  int buffer_count, count;
  uint64_t in_use;
  long made, refused;
} model;

static uint32_t numbers[LIMIT / 4 + 2];

static void begin(eager_execution_mode mode) {
  eager_config config = {.memory_limit = LIMIT};
  if (test_is_slow()) test_skip("a simulator");
  assert_ok(test_enable_with(config, EAGER_DEVICE_PLACEMENT_SILENT, EAGER_SYNC));
  assert_ok(eager_set_thread_execution_mode(mode));
  assert_ok(eager_trim_memory(NULL));
  assert_ok(eager_reset_memory_stats(test_device()));
  memset(&model, 0, sizeof model);
}

static size_t taken_for(size_t size) {
  int size_class;
  return eager__pool_class_size(size, &size_class);
}

static uint64_t room(void) {
  return LIMIT - model.in_use;
}

/* The most bytes that still fit, whatever their class is rounded up to. */
static size_t most_that_fits(uint64_t bytes) {
  return (size_t)(bytes * 8 / 9 / 4 * 4);
}

/* The account is the model's, and the budget is never passed. */
static void look(void) {
  eager_memory_info info = placing_memory(test_device());
  assert_int_equal(info.limit, LIMIT);
  assert_int_equal(info.current, model.in_use);
  if (info.reserved_bytes > LIMIT || info.peak > LIMIT)
    fail_msg("%llu bytes held, %llu used at most, of %d",
             (unsigned long long)info.reserved_bytes, (unsigned long long)info.peak, LIMIT);
}

static const char *refusal(size_t size, const char *op) {
  const buffer *largest = NULL;
  for (int i = 0; i < model.buffer_count; i++) {
    const buffer *each = &model.buffers[i];
    if (each->handles > 0 && (largest == NULL || each->asked > largest->asked))
      largest = each;
  }
  const char *text =
      test_text("out of memory on %s: %zu bytes requested, %llu in use, 0 cached, limit %d",
                test_device(), size, (unsigned long long)model.in_use, LIMIT);
  if (largest != NULL)
    text = test_text("%s; the largest holder is %s #%llu with %zu bytes", text, largest->op,
                     largest->number, largest->asked);
  return *op != 'F' ? test_text("%s [Op:%s]", text, op) : text;
}

static held *keep(eager_tensor *t, int64_t count, uint32_t start, uint32_t step, int of) {
  assert_true(model.count < HELD);
  model.buffers[of].handles++;
  model.all[model.count] = (held){t, count, start, step, of};
  return &model.all[model.count++];
}

/* What a call for `count` elements gave is what it had to give: a tensor, which is kept, or
 * a refusal; then NULL. */
static held *take(eager_status status, eager_tensor *t, int64_t count, uint32_t start,
                  uint32_t step, const char *op) {
  size_t size = (size_t)count * 4, taken = taken_for(size);
  if (taken > room()) {
    const char *text = refusal(size, op);
    assert_fails(status, EAGER_RESOURCE_EXHAUSTED, text);
    assert_null(t);
    model.refused++;
    look();
    return NULL;
  }
  if (status != EAGER_OK)
    fail_msg("%zu bytes were refused, of which %llu were free: %s", taken,
             (unsigned long long)room(), eager_error_message());
  assert_true(model.buffer_count < BUFFERS);
  model.buffers[model.buffer_count] = (buffer){0, size, taken, op, placing_number()};
  model.in_use += taken;
  model.made++;
  look();
  return keep(t, count, start, step, model.buffer_count++);
}

/* ---- What a program does ---- */

static held *from_host(int64_t count) {
  eager_tensor *t;
  uint32_t start = (uint32_t)test_random(), step = (uint32_t)test_random() | 1;
  for (int64_t i = 0; i < count; i++) numbers[i] = start + step * (uint32_t)i;
  eager_status status = eager_tensor_from_host(EAGER_INT32, 1, &count, numbers, &t);
  return take(status, t, count, start, step, "FromHost");
}

static held *zeros(int64_t count) {
  eager_tensor *t;
  eager_status status = eager_tensor_zeros(EAGER_INT32, 1, &count, &t);
  return take(status, t, count, 0, 0, "Zeros");
}

static held *twice(const held *x) {
  eager_tensor *t;
  eager_status status = eager_add(x->tensor, x->tensor, &t);
  return take(status, t, x->count, 2 * x->start, 2 * x->step, "AddV2");
}

/* The last `count`, which keep all of it. */
static held *view(const held *x, int64_t count) {
  eager_tensor *t;
  int64_t first = x->count - count;
  assert_ok(eager_slice(x->tensor, &first, &count, &t));
  held *kept = keep(t, count, x->start + x->step * (uint32_t)first, x->step, x->buffer);
  look();
  return kept;
}

static void expect_intact(const held *x) {
  memset(numbers, 0xA5, (size_t)x->count * 4);
  assert_ok(eager_tensor_to_host(x->tensor, numbers, (size_t)x->count * 4));
  for (int64_t i = 0; i < x->count; i++)
    if (numbers[i] != x->start + x->step * (uint32_t)i)
      fail_msg("element %lld of %lld is %u, not %u", (long long)i, (long long)x->count,
               numbers[i], x->start + x->step * (uint32_t)i);
}

static void expect_all_intact(void) {
  for (int i = 0; i < model.count; i++) expect_intact(&model.all[i]);
}

/* The last one takes its place in the list. */
static void let_go(int i) {
  held *gone = &model.all[i];
  buffer *of = &model.buffers[gone->buffer];
  eager_tensor_release(gone->tensor);
  if (--of->handles == 0) model.in_use -= of->taken;
  *gone = model.all[--model.count];
  look();
}

/* From 64 bytes to an eighth of the budget, small ones as likely as large ones. */
static int64_t random_count(void) {
  int64_t most = (int64_t)16 << test_random_int(0, 13);
  return test_random_int(most / 2, most);
}

/* Until eight in a row did not fit. */
static void fill_up(void) {
  for (int refused = 0; refused < 8;)
    if (from_host(random_count()) == NULL) refused++;
}

/* Every other tensor goes; the size of the largest. */
static size_t make_holes(void) {
  size_t largest = 0;
  for (int i = model.count - 1; i >= 0; i -= 2) {
    size_t taken = model.buffers[model.all[i].buffer].taken;
    if (taken > largest) largest = taken;
    let_go(i);
  }
  return largest;
}

/* ---- The tests ---- */

static void larger_than_any_hole(void **state) {
  (void)state;
  for (int mode = EAGER_SYNC; mode <= EAGER_ASYNC; mode++) {
    begin((eager_execution_mode)mode);
    for (int way = 0; way < 3; way++) {
      fill_up();
      int filled = model.count;
      size_t largest = make_holes(), all_of_it = most_that_fits(room());
      assert_true(all_of_it > largest);
      int64_t count = (int64_t)all_of_it / 4;
      if (way == 0) { /* written by the transfer queue */
        assert_non_null(from_host(count));
      } else if (way == 1) { /* by the compute queue */
        assert_non_null(zeros(count));
      } else { /* two halves, one made of the other */
        held *half = from_host(count / 2);
        assert_non_null(half);
        assert_non_null(twice(half));
      }
      printf("  holes: %d tensors, half of them gone, the largest hole %zu bytes, %zu "
             "taken at once\n",
             filled, largest, all_of_it);
      expect_all_intact();
      /* And no more than there is; one byte too many tells so. */
      int64_t too_many = (int64_t)room() / 4 + 1;
      assert_null(zeros(too_many));
      assert_null(from_host(too_many));
      expect_all_intact();
      while (model.count > 0) let_go(model.count - 1);
    }
  }
}

/* A small view of a large buffer is as large as the buffer. */
static void views_keep_their_buffer(void **state) {
  (void)state;
  for (int mode = EAGER_SYNC; mode <= EAGER_ASYNC; mode++) {
    begin((eager_execution_mode)mode);
    enum { LARGE = LIMIT / 16 * 5, SMALL = 16 };
    held *large = from_host(LARGE / 4);
    held *end = view(large, SMALL), *middle = view(end, SMALL / 2);
    assert_non_null(end);
    assert_non_null(middle);
    let_go(0);
    assert_int_equal(model.in_use, taken_for(LARGE));
    for (int i = 0; i < 2; i++) assert_non_null(from_host(LARGE / 4));
    assert_null(zeros(LARGE / 4)); /* for nothing but 96 bytes are looked at */
    expect_all_intact();
    while (model.all[0].count > SMALL) let_go(0);
    for (int i = model.count - 1; i >= 0; i--)
      if (model.all[i].buffer == 0) let_go(i);
    assert_non_null(zeros(LARGE / 4));
    expect_all_intact();
    while (model.count > 0) let_go(model.count - 1);
  }
}

static void step(void) {
  int i = model.count > 0 ? (int)test_random_int(0, model.count - 1) : 0;
  int what = model.count > 0 ? (int)test_random_int(0, 9) : 0;
  if (what < 3)
    from_host(random_count());
  else if (what == 3)
    zeros(random_count());
  else if (what == 4)
    twice(&model.all[i]);
  else if (what == 5 && model.count < HELD / 2)
    view(&model.all[i], test_random_int(1, model.all[i].count));
  else if (what == 6)
    from_host((int64_t)most_that_fits(room()) / 4 + 1); /* all that is left */
  else if (what == 7)
    expect_intact(&model.all[i]);
  else
    let_go(i);
}

static void nothing_grows_over_rounds(void **state) {
  (void)state;
  enum { STEPS = 400 };
  const char *full = getenv("EAGERCL_TEST_FULL");
  int rounds = full != NULL && strcmp(full, "1") == 0 ? 300 : 10;
  int64_t objects[EAGER__OBJECT_KINDS];
  long made = 0, refused = 0;
  uint64_t peak = 0;
  for (int round = 0; round < rounds; round++) {
    begin(round % 2 == 0 ? EAGER_SYNC : EAGER_ASYNC);
    for (int i = 0; i < STEPS; i++) step();
    expect_all_intact();
    peak = placing_memory(test_device()).peak;
    while (model.count > 0) let_go(model.count - 1);
    made += model.made;
    refused += model.refused;
    assert_ok(eager_synchronize(NULL));
    assert_ok(eager_trim_memory(NULL));
    assert_int_equal(placing_memory(test_device()).reserved_bytes, 0);
    for (int kind = 0; kind < EAGER__OBJECT_KINDS; kind++) {
      int64_t now = (int64_t)eager__census((eager__object)kind);
      if (round < 2) objects[kind] = now; /* one of each mode */
      if (now > objects[kind])
        fail_msg("round %d leaves %lld %s, round 2 %lld", round + 1, (long long)now,
                 eager__census_name((eager__object)kind), (long long)objects[kind]);
    }
  }
  assert_true(made > 0 && refused > 0);
  printf("  fragmentation: seed %llu, %d rounds, %ld tensors made, %ld refused, the last "
         "peak %llu of %d bytes\n",
         (unsigned long long)test_seed(), rounds, made, refused, (unsigned long long)peak,
         LIMIT);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(larger_than_any_hole),
      cmocka_unit_test(views_keep_their_buffer),
      cmocka_unit_test(nothing_grows_over_rounds),
  };
  return test_main("load/fragmentation", tests, sizeof tests / sizeof *tests);
}
