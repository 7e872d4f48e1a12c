/* Draws of classes: logits are [rows][classes], cut into chunks of `chunk` classes. A class
 * weighs e^(logit - the row's largest), in units of 2^-39 as a whole number: sums of whole
 * numbers are the same in any order, and the exponential is in + * and fma alone, so every
 * device draws the same. Logits that are not finite weigh nothing. Any local size is legal.
 */

typedef struct {
  long rows, classes, chunk, chunks, samples;
} drawing;

/* 2^39 e^x for x <= 0, rounded down; the polynomial is 2^f on [-1/2, 1/2]. */
static inline ulong weight_of(A logit, A largest) {
  if (!isfinite(logit)) return 0;
  float x = max((float)(logit - largest), -100.0f);
  float n = floor(x * 1.44269504f + 0.5f);
  float f = fma(x, 1.44269504f, -n) + x * 1.92596303e-08f;
  float p = fma(f, 0.0001546144469856913f, 0.0013400428177615838f);
  p = fma(f, p, 0.009618056678524637f);
  p = fma(f, p, 0.05550327226670302f);
  p = fma(f, p, 0.24022650922288757f);
  p = fma(f, p, 0.6931472067028326f);
  p = fma(f, p, 1.0f);
  ulong bits = (ulong)(p * 8388608.0f);
  int shift = (int)n + 16;
  return shift >= 0 ? bits << shift : shift > -40 ? bits >> -shift : 0;
}

/* The largest finite logit of each chunk, else -infinity. Global: rows * chunks. */
__kernel void chunk_largest(const __global T *logits, long logits_offset, __global A *tops,
                            long tops_offset, drawing given) {
  drawing d = given;
  long item = get_global_id(0);
  if (item >= d.rows * d.chunks) return;
  long row = item / d.chunks, begin = (item - row * d.chunks) * d.chunk;
  long end = min(begin + d.chunk, d.classes);
  A top = -INFINITY;
  for (long c = begin; c < end; c++) {
    A logit = LOAD(logits + logits_offset, row * d.classes + c);
    if (isfinite(logit) && logit > top) top = logit;
  }
  tops[tops_offset + item] = top;
}

/* In element 0 of each row of chunks: the row's largest. Global: rows. */
__kernel void row_largest(__global A *tops, long tops_offset, drawing given) {
  drawing d = given;
  long row = get_global_id(0);
  if (row >= d.rows) return;
  __global A *own = tops + tops_offset + row * d.chunks;
  A top = own[0];
  for (long c = 1; c < d.chunks; c++)
    if (own[c] > top) top = own[c];
  own[0] = top;
}

/* What each chunk weighs. Global: rows * chunks. */
__kernel void chunk_weights(const __global T *logits, long logits_offset,
                            const __global A *tops, long tops_offset,
                            __global ulong *weights, long weights_offset, drawing given) {
  drawing d = given;
  long item = get_global_id(0);
  if (item >= d.rows * d.chunks) return;
  long row = item / d.chunks, begin = (item - row * d.chunks) * d.chunk;
  long end = min(begin + d.chunk, d.classes);
  A top = tops[tops_offset + row * d.chunks];
  ulong weight = 0;
  for (long c = begin; c < end; c++)
    weight += weight_of(LOAD(logits + logits_offset, row * d.classes + c), top);
  weights[weights_offset + item] = weight;
}

/* Running totals of the chunks, each with its own. Global: rows. */
__kernel void row_weights(__global ulong *weights, long weights_offset, drawing given) {
  drawing d = given;
  long row = get_global_id(0);
  if (row >= d.rows) return;
  __global ulong *own = weights + weights_offset + row * d.chunks;
  ulong total = 0;
  for (long c = 0; c < d.chunks; c++) {
    total += own[c];
    own[c] = total;
  }
}

/* Draw s of row r is number r * samples + s of the stream. Global: rows * samples. */
__kernel void categorical(const __global T *logits, long logits_offset,
                          const __global A *tops, long tops_offset,
                          const __global ulong *weights, long weights_offset,
                          __global int *out, long out_offset, drawing given, ulong seed0,
                          ulong seed1, int wide) {
  drawing d = given;
  long item = get_global_id(0);
  if (item >= d.rows * d.samples) return;
  long row = item / d.samples;
  const __global ulong *own = weights + weights_offset + row * d.chunks;
  uint4 word = block_words((ulong)item >> 1, seed0, seed1);
  ulong high = item & 1 ? word.z : word.x, low = item & 1 ? word.w : word.y;
  ulong total = own[d.chunks - 1], goal = mul_hi(high << 32 | low, total);
  long first = 0, last = d.chunks - 1; /* the first chunk whose total is above the goal */
  while (first < last) {
    long middle = (first + last) / 2;
    if (own[middle] > goal)
      last = middle;
    else
      first = middle + 1;
  }
  ulong passed = first > 0 ? own[first - 1] : 0;
  A top = tops[tops_offset + row * d.chunks];
  long chosen = 0, begin = first * d.chunk, end = min(begin + d.chunk, d.classes);
  bool found = total == 0;
  for (long c = begin; c < end && !found; c++) {
    passed += weight_of(LOAD(logits + logits_offset, row * d.classes + c), top);
    found = passed > goal;
    if (found) chosen = c;
  }
  if (wide)
    ((__global long *)out)[out_offset + item] = chosen;
  else
    out[out_offset + item] = (int)chosen;
}
