#include "random/generate.h"

#include "random/generate_state.h"

/* --- Chance --- */

static uint64_t next(rp_chooser *c) {
  uint64_t z = c->random += 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

int64_t rp_choose(rp_chooser *c, int64_t low, int64_t high) {
  return high <= low ? low : low + (int64_t)(next(c) % (uint64_t)(high - low + 1));
}

bool rp_chance(rp_chooser *c, int percent) {
  return rp_choose(c, 1, 100) <= percent;
}

eager_dtype rp_choose_dtype(rp_chooser *c, uint32_t dtypes) {
  uint32_t liked = dtypes & c->dtypes;
  if (liked != 0 && rp_chance(c, 85)) dtypes = liked;
  int count = 0;
  for (int d = 0; d < TEST_DTYPES; d++) count += dtypes >> test_dtypes[d] & 1;
  int chosen = (int)rp_choose(c, 0, count - 1);
  for (int d = 0; d < TEST_DTYPES; d++)
    if (dtypes >> test_dtypes[d] & 1 && chosen-- == 0) return test_dtypes[d];
  return EAGER_FLOAT32;
}

/* --- Shapes --- */

static int64_t extent(rp_chooser *c) {
  static const int64_t usual[] = {2, 3, 4, 5, 7, 8, 11, 13};
  static const int64_t edges[] = {15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129, 257};
  if (rp_chance(c, 3)) return 0;
  if (rp_chance(c, 20)) return 1;
  if (rp_chance(c, 85)) return usual[rp_choose(c, 0, 7)];
  return edges[rp_choose(c, 0, 12)];
}

test_shape rp_choose_shape(rp_chooser *c, int least_rank, int most_rank) {
  static const int64_t vectors[] = {1000, 4095, 4096, 4097, 65535, 65536, 65537};
  test_shape shape = {0};
  int usual = rp_chance(c, 10) ? most_rank : most_rank < 3 ? most_rank : 3;
  shape.rank = (int)rp_choose(c, least_rank, usual);
  if (shape.rank == 1 && c->most > 1000 && rp_chance(c, 2)) {
    shape.dims[0] = vectors[rp_choose(c, 0, 6)];
    return shape;
  }
  int64_t count = 1;
  for (int i = 0; i < shape.rank; i++) {
    int64_t dim = extent(c);
    if (count * dim > c->most) dim = rp_choose(c, 1, 2);
    if (count * dim > c->most) dim = 1;
    shape.dims[i] = dim;
    count *= dim;
  }
  return shape;
}

test_shape rp_choose_broadcast(rp_chooser *c, test_shape shape) {
  test_shape other = {0};
  int drop = rp_chance(c, 40) ? (int)rp_choose(c, 0, shape.rank) : 0;
  for (int i = drop; i < shape.rank; i++)
    other.dims[other.rank++] = rp_chance(c, 40) ? 1 : shape.dims[i];
  return other;
}

/* --- Data --- */

rp_fill rp_choose_fill(rp_chooser *c, eager_dtype dtype) {
  rp_fill fill = {RP_FILL_SMALL, (uint32_t)rp_choose(c, 0, 1 << 30), -4, 4};
  bool wide = rp_bits(dtype) > 16 || !test_is_float(dtype);
  if (rp_is_unsigned(dtype)) fill.low = 0;
  if (dtype == EAGER_BOOL) fill.high = 1;
  if (dtype == EAGER_BOOL) return fill;
  if (wide && rp_chance(c, 30)) fill.high = 100;
  if (rp_chance(c, 10)) fill.kind = RP_FILL_COUNT;
  if (rp_chance(c, 5)) fill.kind = RP_FILL_ZERO;
  if (!test_is_float(dtype)) {
    if (rp_chance(c, 25)) fill.kind = RP_FILL_BITS;
    return fill;
  }
  if (rp_chance(c, 20)) fill.kind = RP_FILL_HALVES;
  if (rp_chance(c, 10)) fill.kind = RP_FILL_SPECIAL;
  if (rp_chance(c, 4)) fill.kind = RP_FILL_BITS;
  return fill;
}

rp_fill rp_choose_indices(rp_chooser *c, int64_t count) {
  rp_fill fill = {RP_FILL_SMALL, (uint32_t)rp_choose(c, 0, 1 << 30), 0, 0};
  fill.high = count > 120 ? 120 : count > 0 ? (int32_t)count - 1 : 0;
  if (rp_chance(c, c->bad_indices)) fill.high += (int32_t)rp_choose(c, 1, 4);
  if (rp_chance(c, c->bad_indices / 2)) fill.low = -1;
  return fill;
}

/* --- Steps --- */

bool rp_append(rp_chooser *c, rp_step *step) {
  rp_program *p = c->program;
  rp_expect expect;
  if (p->step_count == RP_STEPS || p->register_count + step->output_count > RP_REGISTERS)
    return false;
  for (int i = 0; i < step->output_count; i++) step->outputs[i] = p->register_count + i;
  if (!rp_interpret(&c->state, step, &expect)) return false;
  p->register_count += step->output_count;
  p->steps[p->step_count++] = *step;
  return true;
}

static const uint32_t scalars = RP_BIT(EAGER_INT32) | RP_BIT(EAGER_INT64) |
                                RP_BIT(EAGER_UINT32) | RP_BIT(EAGER_UINT64) |
                                RP_BIT(EAGER_FLOAT32) | RP_BIT(EAGER_FLOAT64) |
                                RP_BIT(EAGER_BOOL);

int rp_choose_new(rp_chooser *c, eager_dtype dtype, test_shape shape, rp_fill fill) {
  rp_step step = {.code = RP_MAKE,
                  .device = -1,
                  .how = rp_chance(c, 20) ? RP_ADOPT_HOST : RP_FROM_HOST,
                  .output_count = 1,
                  .dtype = dtype,
                  .shape = shape,
                  .fill = fill};
  if (fill.kind == RP_FILL_ZERO && rp_chance(c, 70)) step.how = RP_ZEROS;
  if (shape.rank == 0 && scalars >> dtype & 1 && rp_chance(c, 50)) step.how = RP_SCALAR;
  if (c->program->step_count > RP_STEPS - 16) return -1; /* the end needs room */
  return rp_append(c, &step) ? step.outputs[0] : -1;
}

const rp_value *rp_look(rp_chooser *c, int reg) {
  return c->state.handles[reg].value;
}

bool rp_add_input(rp_step *step, int reg) {
  if (reg < 0 || step->input_count == RP_INPUTS) return false;
  step->inputs[step->input_count++] = reg;
  return true;
}

static bool fits(const rp_chooser *c, int reg, uint32_t dtypes, int least, int most) {
  if (!rp_is_live(&c->state, reg)) return false;
  const rp_value *v = c->state.handles[reg].value;
  return dtypes >> v->dtype & 1 && v->shape.rank >= least && v->shape.rank <= most;
}

/* One of the live registers that fit, now and then a failed one above all; -1: none. */
static int find(rp_chooser *c, uint32_t dtypes, int least, int most) {
  int count = 0, found = -1, failed = -1, last = -1;
  for (int reg = 0; reg < c->program->register_count; reg++) {
    if (!fits(c, reg, dtypes, least, most)) continue;
    if (rp_choose(c, 0, ++count) <= 1) found = reg;
    if (c->state.handles[reg].failure_count > 0) failed = reg;
    last = reg;
  }
  if (c->newest > 0 && rp_chance(c, c->newest)) return last;
  return failed >= 0 && rp_chance(c, 40) ? failed : found;
}

int rp_choose_register(rp_chooser *c, uint32_t dtypes, int least_rank, int most_rank) {
  uint32_t liked = rp_chance(c, 2) ? (uint32_t)RP_ANY : dtypes; /* to be refused */
  int reg =
      rp_chance(c, c->newest > 0 ? 96 : 80) ? find(c, liked, least_rank, most_rank) : -1;
  if (reg >= 0) return reg;
  eager_dtype dtype = rp_choose_dtype(c, dtypes);
  return rp_choose_new(c, dtype, rp_choose_shape(c, least_rank, most_rank),
                       rp_choose_fill(c, dtype));
}

int rp_choose_like(rp_chooser *c, eager_dtype dtype, test_shape shape) {
  int found = -1, count = 0;
  for (int reg = 0; reg < c->program->register_count; reg++)
    if (fits(c, reg, RP_BIT(dtype), 0, 8) &&
        eager__shape_equal(&c->state.handles[reg].value->shape, &shape) &&
        rp_choose(c, 0, ++count) <= 1)
      found = reg;
  if (found >= 0 && rp_chance(c, 60)) return found;
  return rp_choose_new(c, dtype, shape, rp_choose_fill(c, dtype));
}

static int any_live(rp_chooser *c) {
  return find(c, RP_ANY, 0, 8);
}

static int any_device(rp_chooser *c) {
  return (int)rp_choose(c, 0, c->state.world->device_count - 1);
}

static bool append_op(rp_chooser *c) {
  int index = (int)rp_choose(c, 0, rp_exact_op_count() - 1);
  const rp_op *op = rp_op_at(index);
  rp_step step = {.code = RP_OP, .op = index, .device = -1, .output_count = 1};
  if (!op->choose(c, op, &step)) return false;
  step.typed = op->typed != NULL && rp_chance(c, 60);
  if (!step.typed && rp_chance(c, 25)) step.device = any_device(c);
  return rp_append(c, &step);
}

/* With one live register as its input. */
static bool append_use(rp_chooser *c, rp_code code, int how, int device) {
  rp_step step = {.code = code, .device = device, .how = how};
  step.output_count = code == RP_COPY;
  return rp_add_input(&step, any_live(c)) && rp_append(c, &step);
}

static bool append_plain(rp_chooser *c, rp_code code, int how, int device) {
  return rp_append(c, &(rp_step){.code = code, .device = device, .how = how});
}

bool rp_append_on_device(rp_chooser *c, rp_code code) {
  return code == RP_PUSH ? append_plain(c, RP_PUSH, 0, any_device(c))
                         : append_use(c, RP_COPY, 0, any_device(c));
}

static bool append_any(rp_chooser *c) {
  const rp_world *world = c->state.world;
  int chance = (int)rp_choose(c, 1, 100);
  if (chance <= 66) return append_op(c);
  if (chance <= 71) return append_use(c, RP_COPY, 0, any_device(c) - rp_chance(c, 10));
  if (chance <= 77) return append_use(c, RP_READ, (int)rp_choose(c, 0, RP_READS - 1), -1);
  if (chance <= 78) return append_use(c, RP_WAIT, 0, -1);
  if (chance <= 79) return append_use(c, RP_POLL, 0, -1);
  if (chance <= 80)
    return append_use(c, RP_WAIT_FOR, rp_chance(c, 50) ? 0 : 1000000000, -1);
  if (chance <= 84) return append_use(c, RP_RELEASE, 0, -1);
  if (chance <= 85) return append_use(c, RP_RETAIN, 0, -1);
  if (chance <= 88) return append_plain(c, RP_PUSH, 0, any_device(c) - rp_chance(c, 10));
  if (chance <= 90) return append_plain(c, RP_POP, 0, -1);
  if (chance <= 92) {
    int policy = (int)rp_choose(c, -1, 3);
    if (rp_chance(c, 50)) policy = EAGER_DEVICE_PLACEMENT_SILENT;
    return append_plain(c, RP_POLICY, rp_chance(c, 4) ? 7 : policy, -1);
  }
  if (chance <= 94) return append_plain(c, RP_MODE, (int)rp_choose(c, -1, 1), -1);
  if (chance <= 95)
    return append_plain(c, RP_SYNCHRONIZE, 0, any_device(c) - rp_chance(c, 60));
  if (chance <= 96) return append_plain(c, RP_TIDY_BEGIN, 0, -1);
  if (chance <= 97) return append_plain(c, RP_TIDY_END, 0, -1);
  if (chance <= 98) return append_use(c, RP_TIDY_KEEP, 0, -1);
  if (chance <= 99 && !world->is_shared) return append_plain(c, RP_TRIM, 0, any_device(c));
  return append_use(c, RP_POLL, 0, -1);
}

/* Every live register is read at the end, as far as there is room. */
static void append_reads(rp_chooser *c) {
  for (int reg = c->program->register_count - 1; reg >= 0; reg--) {
    rp_step step = {.code = RP_READ, .device = -1, .how = RP_TO_HOST};
    if (!rp_is_live(&c->state, reg)) continue;
    rp_add_input(&step, reg);
    if (!rp_append(c, &step)) return;
  }
}

static void generate_mixed(rp_chooser *c) {
  const rp_world *world = c->state.world;
  for (int i = 0; i < 3; i++) c->dtypes |= RP_BIT(test_dtypes[rp_choose(c, 0, 12)]);
  c->bad_indices = rp_chance(c, 15) ? 60 : 4;
  if (rp_chance(c, 60)) append_plain(c, RP_MODE, EAGER_ASYNC, -1);
  if (rp_chance(c, 30)) append_plain(c, RP_PUSH, 0, any_device(c));
  int steps = (int)rp_choose(c, 4, world->is_slow ? 14 : RP_STEPS - 24);
  for (int tries = 0; tries < 4 * steps && c->program->step_count < steps; tries++)
    append_any(c);
  append_reads(c);
}

void rp_generate(uint64_t seed, rp_kind kind, const rp_world *world, rp_program *out) {
  memset(out, 0, sizeof *out);
  out->seed = seed;
  rp_chooser c = {.random = seed * 0x9e3779b97f4a7c15u + 1, .program = out};
  rp_begin(&c.state, world);
  c.most = world->is_slow ? 40 : 700;
  if (kind == RP_CHAINS)
    rp_generate_chains(&c);
  else
    generate_mixed(&c);
  rp_end(&c.state);
}
