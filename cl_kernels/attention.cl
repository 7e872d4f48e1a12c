/* softmax(Q K^T * scale + mask) V without the matrix in the middle: Milakov and Gimelshein
 * 2018, Dao et al. 2022. Keys are taken in stretches; the largest score so far, the sum of
 * the powers and the weighted sum of values are put right whenever a larger score comes.
 *
 * q is [heads][q_len][depth], k and v are [heads / group][k_len][depth] and [...][width],
 * out is [heads][q_len][width]. Query `head` reads key head `head / group`. Element (head,
 * i, j) of the mask lies at where mask_dims and mask_strides lead head, + i * mask_row + j
 * * mask_column; strides of 0 repeat. mask_kind: 0 none, 1 added, 2 bools: true is kept.
 * When `causal`, query i sees the keys up to i. A key that is masked out, or whose weight
 * is 0, adds nothing; a query without keys gives 0.
 *
 * A tile is up to ROWS queries of a head and some columns of v. _block, for CPUs: a
 * work-item takes a tile of BLOCK_COLUMNS columns. _group: a group takes one, COLUMNS for
 * each work-item, and a stretch is one key for each. _group goes on from `state`
 * unless `first`, and leaves it there unless `last`: keys [begin, end) are this launch's.
 */
typedef struct {
  long heads, q_len, k_len, depth, width, group, begin, end;
  long mask_kind, mask_row, mask_column, causal, first, last;
  long mask_dims[6], mask_strides[6];
} attention_shape;

#define ROWS          4
#define COLUMNS       2
#define STRETCH       32
#define BLOCK_VECTORS 8
#define BLOCK_COLUMNS (BLOCK_VECTORS * V)

typedef struct {
  const __global T *q, *k, *v, *mask;
  const __global uchar *bools;
  size_t head, row, mask_base; /* row: the first of `rows` queries */
  int rows;
} attention_tile;

/* Constant indices only: rusticl dies of others in what was an argument. */
INLINED size_t mask_start(const attention_shape *s, size_t head) {
  size_t at = 0;
#pragma unroll
  for (int d = 5; d >= 0; d--) {
    size_t rest = head / (size_t)s->mask_dims[d];
    at += (head - rest * (size_t)s->mask_dims[d]) * (size_t)s->mask_strides[d];
    head = rest;
  }
  return at;
}

/* The scores of key `j` for the tile's queries. */
INLINED void score_key(const attention_tile *t, const attention_shape *s, A scale, size_t j,
                       A scores[ROWS]) {
  size_t depth = (size_t)s->depth;
  const __global T *key = t->k + j * depth;
  AV dots[ROWS];
  for (int r = 0; r < ROWS; r++) dots[r] = (AV)0;
  for (size_t i = 0; i < depth; i += V) {
    AV here = load_upto(key + i, depth - i, (A)0);
#pragma unroll
    for (int r = 0; r < ROWS; r++)
      if (r < t->rows)
        dots[r] += here * load_upto(t->q + (t->row + r) * depth + i, depth - i, (A)0);
  }
#pragma unroll
  for (int r = 0; r < ROWS; r++) {
    scores[r] = A_LOWEST;
    if (r >= t->rows) continue;
    size_t row = t->row + r;
    size_t at = t->mask_base + row * (size_t)s->mask_row + j * (size_t)s->mask_column;
    A score = sum_across(dots[r]) * scale;
    if (s->mask_kind == 1) score += LOAD(t->mask, at);
    if (s->mask_kind == 2 && !t->bools[at]) score = A_LOWEST;
    if (s->causal && j > row) score = A_LOWEST;
    scores[r] = score;
  }
}

/* What powers are taken against: a finite number where all scores are -inf. */
INLINED A base_of(A largest) {
  return largest == A_LOWEST ? (A)0 : largest;
}

INLINED A weight_of(A score, A base) {
  return score == A_LOWEST ? (A)0 : exp(score - base);
}

/* ---- Blocks ---- */

INLINED void block_stretch(const attention_tile *t, const attention_shape *s, A scale,
                           size_t begin, size_t end, size_t column, size_t columns,
                           A largest[ROWS], A sums[ROWS], A sums_lost[ROWS],
                           AV totals[ROWS * BLOCK_VECTORS], AV lost[ROWS * BLOCK_VECTORS]) {
  size_t width = (size_t)s->width, count = end - begin;
  A weights[ROWS * STRETCH], tops[ROWS];
  for (int r = 0; r < ROWS; r++) tops[r] = largest[r];
  for (size_t j = 0; j < count; j++) {
    A scores[ROWS];
    score_key(t, s, scale, begin + j, scores);
    for (int r = 0; r < ROWS; r++) {
      weights[r * STRETCH + j] = scores[r];
      tops[r] = larger(scores[r], tops[r]);
    }
  }
  for (int r = 0; r < t->rows; r++) {
    A base = base_of(tops[r]), shrink = weight_of(largest[r], base), sum = (A)0;
    for (size_t j = 0; j < count; j++) {
      A weight = weight_of(weights[r * STRETCH + j], base);
      weights[r * STRETCH + j] = weight;
      sum += weight;
    }
    sums[r] *= shrink;
    sums_lost[r] *= shrink;
    carry(&sums[r], &sums_lost[r], sum);
    largest[r] = tops[r];
    for (size_t c = 0; c * V < columns; c++) {
      const __global T *value = t->v + begin * width + column + c * V;
      AV part = (AV)0, total = totals[r * BLOCK_VECTORS + c] * shrink;
      AV total_lost = lost[r * BLOCK_VECTORS + c] * shrink;
      for (size_t j = 0; j < count; j++) {
        A weight = weights[r * STRETCH + j];
        if (weight != (A)0)
          part += weight * load_upto(value + j * width, columns - c * V, (A)0);
      }
      carryv(&total, &total_lost, part);
      totals[r * BLOCK_VECTORS + c] = total;
      lost[r * BLOCK_VECTORS + c] = total_lost;
    }
  }
}

INLINED void find_tile(const attention_shape *s, size_t number, attention_tile *t) {
  size_t tiles = ((size_t)s->q_len + ROWS - 1) / ROWS, q_len = (size_t)s->q_len;
  t->head = number / tiles;
  t->row = (number - t->head * tiles) * ROWS;
  t->rows = (int)AT_MOST(q_len - t->row, ROWS);
  t->mask_base = mask_start(s, t->head);
  size_t group = t->head / (size_t)s->group, k_len = (size_t)s->k_len;
  t->q += t->head * q_len * (size_t)s->depth;
  t->k += group * k_len * (size_t)s->depth;
  t->v += group * k_len * (size_t)s->width;
}

/* Keys that some query of the tile sees. */
INLINED size_t last_key(const attention_tile *t, const attention_shape *s, size_t end) {
  return s->causal ? AT_MOST(end, t->row + (size_t)t->rows) : end;
}

__kernel void attention_block(const __global T *q, long q_offset, const __global T *k,
                              long k_offset, const __global T *v, long v_offset,
                              const __global T *mask, long mask_offset, __global T *out,
                              long out_offset, attention_shape given, A scale) {
  attention_shape s = given;
  attention_tile t;
  t.q = q + q_offset, t.k = k + k_offset, t.v = v + v_offset, t.mask = mask + mask_offset;
  t.bools = (const __global uchar *)mask + mask_offset;
  find_tile(&s, get_global_id(0), &t);
  size_t width = (size_t)s.width, column = get_global_id(1) * BLOCK_COLUMNS;
  size_t columns = AT_MOST(width - column, BLOCK_COLUMNS);
  A largest[ROWS], sums[ROWS], sums_lost[ROWS];
  AV totals[ROWS * BLOCK_VECTORS], lost[ROWS * BLOCK_VECTORS];
  for (int r = 0; r < ROWS; r++) {
    largest[r] = A_LOWEST;
    sums[r] = sums_lost[r] = (A)0;
    for (int c = 0; c < BLOCK_VECTORS; c++)
      totals[r * BLOCK_VECTORS + c] = lost[r * BLOCK_VECTORS + c] = (AV)0;
  }
  size_t end = last_key(&t, &s, (size_t)s.k_len);
  for (size_t j = 0; j < end; j += STRETCH)
    block_stretch(&t, &s, scale, j, AT_MOST(end, j + STRETCH), column, columns, largest,
                  sums, sums_lost, totals, lost);
  out += out_offset + (t.head * (size_t)s.q_len + t.row) * width + column;
  for (int r = 0; r < t.rows; r++, out += width)
    for (size_t c = 0; c * V < columns; c++) {
      AV total = totals[r * BLOCK_VECTORS + c] - lost[r * BLOCK_VECTORS + c];
      A sum = sums[r] - sums_lost[r];
      if (sum != (A)0) total /= sum;
      store_upto(out + c * V, columns - c * V, total);
    }
}

/* ---- Groups ---- */

/* state: the largest scores and the sums of powers, each [heads][q_len], for every strip of
 * columns, since strips run at the same time; then the totals [heads][q_len][width]. */
__kernel void attention_group(const __global T *q, long q_offset, const __global T *k,
                              long k_offset, const __global T *v, long v_offset,
                              const __global T *mask, long mask_offset, __global T *out,
                              long out_offset, __global A *state, long state_offset,
                              attention_shape given, A scale, __local A *tile) {
  attention_shape s = given;
  attention_tile t;
  t.q = q + q_offset, t.k = k + k_offset, t.v = v + v_offset, t.mask = mask + mask_offset;
  t.bools = (const __global uchar *)mask + mask_offset;
  find_tile(&s, get_group_id(0), &t);
  size_t lane = get_local_id(0), size = get_local_size(0), width = (size_t)s.width;
  size_t strip = get_group_id(1), column = strip * size * COLUMNS + lane;
  size_t queries = (size_t)(s.heads * s.q_len),
         first_query = t.head * (size_t)s.q_len + t.row;
  /* tile[ROWS][size]: what is put together, then the weights. */
  A largest[ROWS], sums[ROWS], sums_lost[ROWS];
  A totals[ROWS * COLUMNS], lost[ROWS * COLUMNS];
  __global A *tops = state + state_offset + 2 * strip * queries + first_query;
  __global A *whole =
      state + state_offset + 2 * get_num_groups(1) * queries + first_query * width;
  for (int r = 0; r < ROWS; r++) {
    largest[r] = A_LOWEST;
    sums[r] = sums_lost[r] = (A)0;
    for (int c = 0; c < COLUMNS; c++)
      totals[r * COLUMNS + c] = lost[r * COLUMNS + c] = (A)0;
    if (s.first || r >= t.rows) continue;
    largest[r] = tops[r];
    sums[r] = tops[queries + r];
    for (int c = 0; c < COLUMNS; c++)
      if (column + c * size < width)
        totals[r * COLUMNS + c] = whole[r * width + column + c * size];
  }

  size_t end = last_key(&t, &s, (size_t)s.end);
  for (size_t j = (size_t)s.begin; j < end; j += size) {
    A scores[ROWS];
    for (int r = 0; r < ROWS; r++) scores[r] = A_LOWEST;
    if (j + lane < end) score_key(&t, &s, scale, j + lane, scores);
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int r = 0; r < ROWS; r++) tile[r * size + lane] = scores[r];
    for (size_t reach = size / 2; reach > 0; reach /= 2) {
      barrier(CLK_LOCAL_MEM_FENCE);
      if (lane < reach)
        for (int r = 0; r < ROWS; r++)
          tile[r * size + lane] =
              larger(tile[r * size + lane], tile[r * size + lane + reach]);
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    A shrinks[ROWS];
    for (int r = 0; r < ROWS; r++) {
      A top = larger(tile[r * size], largest[r]), base = base_of(top);
      shrinks[r] = weight_of(largest[r], base);
      scores[r] = weight_of(scores[r], base);
      largest[r] = top;
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int r = 0; r < ROWS; r++) tile[r * size + lane] = scores[r];
    barrier(CLK_LOCAL_MEM_FENCE);
    A sum_parts[ROWS], parts[ROWS * COLUMNS];
    for (int r = 0; r < ROWS; r++) {
      sum_parts[r] = (A)0;
      for (int c = 0; c < COLUMNS; c++) parts[r * COLUMNS + c] = (A)0;
    }
    size_t count = AT_MOST(end - j, size);
    for (size_t i = 0; i < count; i++) {
      A values[COLUMNS];
      for (int c = 0; c < COLUMNS; c++) {
        values[c] = (A)0;
        if (column + c * size < width)
          values[c] = LOAD(t.v, (j + i) * width + column + c * size);
      }
      for (int r = 0; r < ROWS; r++) {
        if (r >= t.rows) continue;
        A weight = tile[r * size + i];
        sum_parts[r] += weight;
        if (weight != (A)0)
          for (int c = 0; c < COLUMNS; c++) parts[r * COLUMNS + c] += weight * values[c];
      }
    }
    for (int r = 0; r < ROWS; r++) {
      sums[r] *= shrinks[r];
      sums_lost[r] *= shrinks[r];
      carry(&sums[r], &sums_lost[r], sum_parts[r]);
      for (int c = 0; c < COLUMNS; c++) {
        totals[r * COLUMNS + c] *= shrinks[r];
        lost[r * COLUMNS + c] *= shrinks[r];
        carry(&totals[r * COLUMNS + c], &lost[r * COLUMNS + c], parts[r * COLUMNS + c]);
      }
    }
  }

  for (int r = 0; r < t.rows; r++) {
    A sum = sums[r] - sums_lost[r];
    if (!s.last && lane == 0) {
      tops[r] = largest[r];
      tops[queries + r] = sum;
    }
    for (int c = 0; c < COLUMNS; c++) {
      if (column + c * size >= width) continue;
      A total = totals[r * COLUMNS + c] - lost[r * COLUMNS + c];
      if (!s.last) {
        whole[r * width + column + c * size] = total;
        continue;
      }
      if (sum != (A)0) total /= sum;
      STORE(out + out_offset, (first_query + r) * width + column + c * size, total);
    }
  }
}
