/* Normalisation of rows, behind channel_sums.cl: `rows` rows of `length` elements, with
 * gamma and beta for each position where `scaled` and `shifted`. Where not `centred` the
 * mean is taken to be 0.
 *
 * A team takes a row, or, in _write, the part of it that get_global_id(1) says, with the
 * statistics given. On CPUs it takes `block` rows, and in _write one. */
typedef struct {
  long rows, length, block, lanes, part, centred, scaled, shifted;
} norm_shape;

/* ---- Forward ---- */

INLINED void norm_write(const __global T *x, const __global T *gamma,
                        const __global T *beta, __global T *y, const norm_shape *s,
                        size_t first, size_t end, A mean, A inverse) {
  size_t step = (CPU_LIKE ? 1 : (size_t)s->lanes) * V, i = first;
  if (CPU_LIKE && s->scaled && s->shifted) {
    for (; i + V <= end; i += V) {
      AV here = (LOADV(x, i) - mean) * inverse;
      STOREV(y, i, here * LOADV(gamma, i) + LOADV(beta, i));
    }
  }
  for (; i < end; i += step) {
    size_t left = end - i;
    AV here = (load_upto(x + i, left, (A)0) - mean) * inverse;
    if (s->scaled) here *= load_upto(gamma + i, left, (A)0);
    if (s->shifted) here += load_upto(beta + i, left, (A)0);
    store_upto(y + i, left, here);
  }
}

/* Sums of x - centre, and of its square, over a row that one work-item has for itself. */
INLINED void whole_sums(const __global T *x, size_t count, A centre, A *sum, A *squares) {
  AV total[2], lost[2];
  total[0] = total[1] = lost[0] = lost[1] = (AV)0;
  while (count >= 4 * V) {
    size_t trips = AT_MOST(count / (4 * V), STRETCH);
    AV a = (AV)0, b = (AV)0, c = (AV)0, d = (AV)0, p = (AV)0, q = (AV)0;
    for (size_t i = 0; i < trips; i++, x += 4 * V) {
      AV x0 = LOADV(x, 0) - centre, x1 = LOADV(x, V) - centre;
      AV x2 = LOADV(x, 2 * V) - centre, x3 = LOADV(x, 3 * V) - centre;
      a += x0 + x1;
      b += x2 + x3;
      if (!squares) continue;
      c += x0 * x0;
      d += x1 * x1;
      p += x2 * x2;
      q += x3 * x3;
    }
    carryv(&total[0], &lost[0], a + b);
    if (squares) carryv(&total[1], &lost[1], (c + d) + (p + q));
    count -= trips * 4 * V;
  }
  for (size_t i = 0; i < count; i += V) {
    AV here = load_upto(x + i, count - i, centre) - centre;
    carryv(&total[0], &lost[0], here);
    if (squares) carryv(&total[1], &lost[1], here * here);
  }
  *sum = sum_across(total[0] - lost[0]);
  if (squares) *squares = sum_across(total[1] - lost[1]);
}

INLINED A row_mean(const __global T *x, const norm_shape *s, size_t first, size_t end,
                   __local A *tile) {
  size_t lanes = (size_t)s->lanes;
  A sum = (A)0;
  if (CPU_LIKE) {
    whole_sums(x, end, (A)0, &sum, 0);
  } else {
    AV total = (AV)0, lost = (AV)0;
    for (size_t i = first; i < end; i += lanes * V)
      carryv(&total, &lost, load_upto(x + i, end - i, (A)0));
    sum = team_sum(sum_across(total) - sum_across(lost), tile, lanes);
  }
  return sum / (A)s->length;
}

/* 1 / sqrt(variance + epsilon). What the mean lacks to the last bit is taken off. */
INLINED A row_inverse(const __global T *x, const norm_shape *s, size_t first, size_t end,
                      A mean, A epsilon, __local A *tile) {
  size_t lanes = (size_t)s->lanes;
  A n = (A)s->length, squares = (A)0, off = (A)0;
  if (CPU_LIKE) {
    whole_sums(x, end, mean, &off, &squares);
  } else {
    AV total = (AV)0, lost = (AV)0, rest = (AV)0, rest_lost = (AV)0;
    for (size_t i = first; i < end; i += lanes * V) {
      AV here = load_upto(x + i, end - i, mean) - mean;
      carryv(&total, &lost, here * here);
      carryv(&rest, &rest_lost, here);
    }
    squares = team_sum(sum_across(total) - sum_across(lost), tile, lanes);
    if (s->centred) off = team_sum(sum_across(rest) - sum_across(rest_lost), tile, lanes);
  }
  if (s->centred) squares -= off * off / n;
  if (squares < (A)0) squares = (A)0;
  return rsqrt(squares / n + epsilon);
}

INLINED void norm_row(const __global T *x, const __global T *gamma, const __global T *beta,
                      __global T *y, __global A *means, __global A *inverses,
                      const norm_shape *s, size_t row, A epsilon, __local A *tile) {
  size_t length = (size_t)s->length, lane = team_lane((size_t)s->lanes);
  bool inside = row < (size_t)s->rows;
  size_t end = inside ? length : 0, first = lane * V;
  x += row * length;
  A mean = (A)0;
  if (s->centred) mean = row_mean(x, s, first, end, tile);
  A inverse = row_inverse(x, s, first, end, mean, epsilon, tile);
  norm_write(x, gamma, beta, y + row * length, s, first, end, mean, inverse);
  if (!inside || lane > 0) return;
  if (s->centred) means[row] = mean;
  inverses[row] = inverse;
}

__kernel void layer_norm(const __global T *x, long x_offset, const __global T *gamma,
                         long gamma_offset, const __global T *beta, long beta_offset,
                         __global T *y, long y_offset, __global A *means, long means_offset,
                         __global A *inverses, long inverses_offset, norm_shape s,
                         A epsilon, __local A *tile) {
  x += x_offset, gamma += gamma_offset, beta += beta_offset, y += y_offset;
  means += means_offset, inverses += inverses_offset;
  size_t row = team_number((size_t)s.lanes);
  if (CPU_LIKE) {
    size_t last = AT_MOST((row + 1) * (size_t)s.block, (size_t)s.rows);
    for (row *= (size_t)s.block; row < last; row++)
      norm_row(x, gamma, beta, y, means, inverses, &s, row, epsilon, tile);
  } else {
    norm_row(x, gamma, beta, y, means, inverses, &s, row, epsilon, tile);
  }
}

__kernel void layer_norm_write(const __global T *x, long x_offset, const __global T *gamma,
                               long gamma_offset, const __global T *beta, long beta_offset,
                               __global T *y, long y_offset, const __global A *means,
                               long means_offset, const __global A *inverses,
                               long inverses_offset, norm_shape s) {
  size_t row = team_number((size_t)s.lanes), length = (size_t)s.length;
  if (row >= (size_t)s.rows) return;
  size_t begin = get_global_id(1) * (size_t)s.part;
  size_t end = AT_MOST(begin + (size_t)s.part, length);
  A mean = (A)0, inverse = inverses[inverses_offset + row];
  if (s.centred) mean = means[means_offset + row];
  norm_write(x + x_offset + row * length, gamma + gamma_offset, beta + beta_offset,
             y + y_offset + row * length, &s, begin + team_lane((size_t)s.lanes) * V, end,
             mean, inverse);
}

/* From squares_rows, whose channels are the rows. */
__kernel void layer_norm_finish(const __global A *partials, long partials_offset,
                                __global A *inverses, long inverses_offset, channel_shape s,
                                A epsilon) {
  size_t row = get_global_id(0);
  if (row >= (size_t)s.channels) return;
  A variance = variance_of(partials + partials_offset, &s, row);
  inverses[inverses_offset + row] = rsqrt(variance + epsilon);
}

/* ---- Gradients ---- */

/* dx = inverse * (dy * gamma - level - (x - mean) * tilt), where level is the mean of
 * dy * gamma, and tilt that of dy * gamma * (x - mean), times inverse^2. */
INLINED void back_write(const __global T *dy, const __global T *x, const __global T *gamma,
                        __global T *dx, const norm_shape *s, size_t first, size_t end,
                        A mean, A inverse, A level, A tilt) {
  size_t step = (CPU_LIKE ? 1 : (size_t)s->lanes) * V;
  for (size_t i = first; i < end; i += step) {
    size_t left = end - i;
    AV slope = load_upto(dy + i, left, (A)0) * load_upto(gamma + i, left, (A)0);
    AV here = load_upto(x + i, left, (A)0) - mean;
    store_upto(dx + i, left, inverse * ((slope - level) - here * tilt));
  }
}

INLINED void back_row(const __global T *dy, const __global T *x, const __global T *gamma,
                      const __global A *means, const __global A *inverses, __global T *dx,
                      const norm_shape *s, size_t row, __local A *tile) {
  size_t length = (size_t)s->length, lanes = (size_t)s->lanes;
  size_t step = (CPU_LIKE ? 1 : lanes) * V, first = team_lane(lanes) * V, end = 0;
  A mean = (A)0, inverse = (A)0;
  if (row < (size_t)s->rows) {
    end = length;
    inverse = inverses[row];
    if (s->centred) mean = means[row];
  }
  dy += row * length, x += row * length, dx += row * length;
  AV sums[4], plain[2];
  for (int i = 0; i < 4; i++) sums[i] = (AV)0;
  plain[0] = plain[1] = (AV)0;
  for (size_t i = first; i < end;) {
    size_t stop = AT_MOST(end, i + STRETCH * step);
    for (; i < stop; i += step) {
      size_t left = end - i;
      AV slope = load_upto(dy + i, left, (A)0), weight = load_upto(gamma + i, left, (A)0);
      add_terms(OF_WEIGHTED, load_upto(x + i, left, mean), slope, (AV)mean, weight, plain);
    }
    carry_terms(OF_WEIGHTED, plain, sums);
  }
  A n = (A)length, level = (A)0;
  if (s->centred)
    level = team_sum(sum_across(sums[0]) - sum_across(sums[1]), tile, lanes) / n;
  A tilt = team_sum(sum_across(sums[2]) - sum_across(sums[3]), tile, lanes) / n;
  back_write(dy, x, gamma, dx, s, first, end, mean, inverse, level,
             inverse * inverse * tilt);
}

__kernel void layer_norm_back(const __global T *dy, long dy_offset, const __global T *x,
                              long x_offset, const __global T *gamma, long gamma_offset,
                              const __global A *means, long means_offset,
                              const __global A *inverses, long inverses_offset,
                              __global T *dx, long dx_offset, norm_shape s,
                              __local A *tile) {
  dy += dy_offset, x += x_offset, gamma += gamma_offset, dx += dx_offset;
  means += means_offset, inverses += inverses_offset;
  size_t row = team_number((size_t)s.lanes);
  if (CPU_LIKE) {
    size_t last = AT_MOST((row + 1) * (size_t)s.block, (size_t)s.rows);
    for (row *= (size_t)s.block; row < last; row++)
      back_row(dy, x, gamma, means, inverses, dx, &s, row, tile);
  } else {
    back_row(dy, x, gamma, means, inverses, dx, &s, row, tile);
  }
}

/* coefs[2][rows]: level and tilt. */
__kernel void layer_norm_back_write(const __global T *dy, long dy_offset,
                                    const __global T *x, long x_offset,
                                    const __global T *gamma, long gamma_offset,
                                    const __global A *means, long means_offset,
                                    const __global A *inverses, long inverses_offset,
                                    const __global A *coefs, long coefs_offset,
                                    __global T *dx, long dx_offset, norm_shape s) {
  size_t row = team_number((size_t)s.lanes), length = (size_t)s.length;
  if (row >= (size_t)s.rows) return;
  size_t begin = get_global_id(1) * (size_t)s.part;
  size_t end = AT_MOST(begin + (size_t)s.part, length);
  A mean = (A)0, level = coefs[coefs_offset + row];
  if (s.centred) mean = means[means_offset + row];
  back_write(
      dy + dy_offset + row * length, x + x_offset + row * length, gamma + gamma_offset,
      dx + dx_offset + row * length, &s, begin + team_lane((size_t)s.lanes) * V, end, mean,
      inverses[inverses_offset + row], level, coefs[coefs_offset + (size_t)s.rows + row]);
}

/* From weighted_rows. */
__kernel void layer_norm_back_finish(const __global A *partials, long partials_offset,
                                     const __global A *inverses, long inverses_offset,
                                     __global A *coefs, long coefs_offset,
                                     channel_shape s) {
  size_t row = get_global_id(0);
  if (row >= (size_t)s.channels) return;
  partials += partials_offset, coefs += coefs_offset;
  A inverse = inverses[inverses_offset + row], n = positions(&s), level = (A)0;
  if (s.centred) level = sum_of(partials, &s, row, 0) / n;
  coefs[row] = level;
  coefs[s.channels + row] = inverse * inverse * (sum_of(partials, &s, row, 1) / n);
}

/* From by_row_columns, whose channels are the positions; dbeta only where centred. */
__kernel void layer_norm_finish_params(const __global A *partials, long partials_offset,
                                       __global T *dgamma, long dgamma_offset,
                                       __global T *dbeta, long dbeta_offset,
                                       channel_shape s) {
  size_t i = get_global_id(0);
  if (i >= (size_t)s.channels) return;
  partials += partials_offset;
  STORE(dgamma, (size_t)dgamma_offset + i, sum_of(partials, &s, i, 1));
  if (s.centred) STORE(dbeta, (size_t)dbeta_offset + i, sum_of(partials, &s, i, 0));
}
