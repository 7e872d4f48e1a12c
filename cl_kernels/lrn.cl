/* Local response normalisation over the last axis, [rows][channels]: Krizhevsky et al.
 * 2012, section 3.3. norms[i] is bias + alpha * the sum of squares of up to 2 * radius + 1
 * channels about i. One work-item per element; any local size is legal. */

typedef struct {
  long count, channels, radius;
} response;

static inline A norm_at(const __global T *x, const response *r, long row, long channel,
                        A bias, A alpha) {
  long low = max(channel - r->radius, 0L), high = min(channel + r->radius, r->channels - 1);
  A squares = (A)0;
  for (long c = low; c <= high; c++) {
    A value = LOAD(x, row + c);
    squares += value * value;
  }
  return bias + alpha * squares;
}

__kernel void lrn(const __global T *x, long x_offset, __global T *y, long y_offset,
                  response given, A bias, A alpha, A beta) {
  response r = given;
  long item = get_global_id(0);
  if (item >= r.count) return;
  long row = item / r.channels * r.channels;
  A norm = norm_at(x + x_offset, &r, row, item - row, bias, alpha);
  STORE(y, y_offset + item, LOAD(x, x_offset + item) * pow(norm, -beta));
}

__kernel void lrn_norms(const __global T *x, long x_offset, __global A *norms,
                        long norms_offset, response given, A bias, A alpha) {
  response r = given;
  long item = get_global_id(0);
  if (item >= r.count) return;
  long row = item / r.channels * r.channels;
  norms[norms_offset + item] = norm_at(x + x_offset, &r, row, item - row, bias, alpha);
}

/* Every element gathers from the outputs whose norm it is a part of. */
__kernel void lrn_back(const __global T *dy, long dy_offset, const __global T *x,
                       long x_offset, const __global T *y, long y_offset,
                       const __global A *norms, long norms_offset, __global T *dx,
                       long dx_offset, response given, A alpha, A beta) {
  response r = given;
  long item = get_global_id(0);
  if (item >= r.count) return;
  long row = item / r.channels * r.channels, channel = item - row;
  long low = max(channel - r.radius, 0L), high = min(channel + r.radius, r.channels - 1);
  A sum = (A)0;
  for (long c = low; c <= high; c++)
    sum += LOAD(dy, dy_offset + row + c) * LOAD(y, y_offset + row + c) /
           norms[norms_offset + row + c];
  A own = LOAD(dy, dy_offset + item) * pow(norms[norms_offset + item], -beta);
  A others = (A)2 * alpha * beta * LOAD(x, x_offset + item) * sum;
  STORE(dx, dx_offset + item, own - others);
}
