/* Normalisation of channels, behind channel_sums.cl: x is [outer][channels][inner], and
 * there are n = outer * inner positions of each channel.
 *
 * _finish, _frozen and _back_finish: one work-item per channel. _apply: `chunk` consecutive
 * elements on CPUs, else one. */

/* The result's scale, and what the op tells: mean and variance as they are to be kept. */
__kernel void batch_norm_finish(const __global A *partials, long partials_offset,
                                const __global A *means, long means_offset,
                                const __global A *scale, long scale_offset,
                                const __global A *old_mean, long old_mean_offset,
                                const __global A *old_variance, long old_variance_offset,
                                __global A *new_mean, long new_mean_offset,
                                __global A *new_variance, long new_variance_offset,
                                __global A *variances, long variances_offset,
                                __global A *scales, long scales_offset, channel_shape s,
                                A epsilon, A factor, A bessel) {
  size_t c = get_global_id(0);
  if (c >= (size_t)s.channels) return;
  A mean = means[means_offset + c];
  A variance = variance_of(partials + partials_offset, &s, c);
  A kept = variance * bessel;
  variances[variances_offset + c] = variance;
  scales[scales_offset + c] = rsqrt(variance + epsilon) * scale[scale_offset + c];
  if (factor != (A)1) {
    A rest = (A)1 - factor;
    mean = rest * old_mean[old_mean_offset + c] + factor * mean;
    kept = rest * old_variance[old_variance_offset + c] + factor * kept;
  }
  new_mean[new_mean_offset + c] = mean;
  new_variance[new_variance_offset + c] = kept;
}

/* The population's statistics pass through; without positions there are none. */
__kernel void
batch_norm_frozen(const __global A *scale, long scale_offset, const __global A *mean,
                  long mean_offset, const __global A *variance, long variance_offset,
                  __global A *new_mean, long new_mean_offset, __global A *new_variance,
                  long new_variance_offset, __global A *saved_mean, long saved_mean_offset,
                  __global A *saved_variance, long saved_variance_offset,
                  __global A *scales, long scales_offset, channel_shape s, A epsilon) {
  size_t c = get_global_id(0);
  if (c >= (size_t)s.channels) return;
  A here = mean[mean_offset + c], spread = variance[variance_offset + c];
  if (s.outer * s.inner == 0) here = spread = A_NAN;
  new_mean[new_mean_offset + c] = saved_mean[saved_mean_offset + c] = here;
  new_variance[new_variance_offset + c] = spread;
  saved_variance[saved_variance_offset + c] = spread;
  scales[scales_offset + c] = rsqrt(spread + epsilon) * scale[scale_offset + c];
}

typedef AV loose_av __attribute__((aligned(sizeof(A))));
#define GET_AV(p) (*(const __global loose_av *)(p))

/* `past` the caches: then p is aligned. */
INLINED void put(__global T *p, AV x, bool past) {
  if (past)
    STREAMV(p, 0, x);
  else
    STOREV(p, 0, x);
}

#define NORMALISED(x, mean, scale, offset) (((x) - (mean)) * (scale) + (offset))

__kernel void batch_norm_apply(const __global T *x, long x_offset, const __global A *means,
                               long means_offset, const __global A *scales,
                               long scales_offset, const __global A *offsets,
                               long offsets_offset, __global T *y, long y_offset,
                               channel_shape s, long n, long chunk, int stream) {
  size_t channels = (size_t)s.channels, inner = (size_t)s.inner;
  size_t i = get_global_id(0) * (size_t)chunk, end = AT_MOST(i + (size_t)chunk, (size_t)n);
  x += x_offset, y += y_offset;
  means += means_offset, scales += scales_offset, offsets += offsets_offset;
  size_t length = inner == 1 ? channels : inner;
  size_t run = i / length, first = i - run * length;
  bool past = stream && IS_ALIGNED(y, *y) && length % V == 0;
  for (; i < end; run++, first = 0) {
    size_t c = first, stop = AT_MOST(end, i + (length - first));
    if (inner > 1) c = run - run / channels * channels;
    if (!CPU_LIKE) {
      STORE(y, i, NORMALISED(LOAD(x, i), means[c], scales[c], offsets[c]));
    } else if (inner > 1) {
      A mean = means[c], scale = scales[c], offset = offsets[c];
      for (; i + V <= stop; i += V)
        put(y + i, NORMALISED(LOADV(x, i), mean, scale, offset), past);
      if (i < stop) {
        AV here = load_filled(x + i, stop - i, (A)0);
        STOREV_PART(y, i, NORMALISED(here, mean, scale, offset), (int)(stop - i));
      }
    } else {
      for (; i + V <= stop; i += V, c += V)
        put(y + i,
            NORMALISED(LOADV(x, i), GET_AV(means + c), GET_AV(scales + c),
                       GET_AV(offsets + c)),
            past);
      if (i < stop) {
        size_t left = stop - i;
        AV here = load_filled(x + i, left, (A)0);
        here = NORMALISED(here, load_some(means + c, left), load_some(scales + c, left),
                          load_some(offsets + c, left));
        STOREV_PART(y, i, here, (int)left);
      }
    }
    i = stop;
  }
}

/* ---- Gradients ---- */

/* Of scale and offset; and what _back_apply needs, as coefs[3][channels]: the factor of all
 * of dx, the mean of dy, and the factor of x - mean. */
__kernel void batch_norm_back_finish(const __global A *partials, long partials_offset,
                                     const __global A *scale, long scale_offset,
                                     const __global A *variances, long variances_offset,
                                     __global A *scale_back, long scale_back_offset,
                                     __global A *offset_back, long offset_back_offset,
                                     __global A *coefs, long coefs_offset, channel_shape s,
                                     A epsilon) {
  size_t c = get_global_id(0), channels = (size_t)s.channels;
  if (c >= channels) return;
  partials += partials_offset, coefs += coefs_offset;
  A slopes = sum_of(partials, &s, c, 0), tilt = sum_of(partials, &s, c, 1);
  A inverse = rsqrt(variances[variances_offset + c] + epsilon), n = positions(&s);
  if (n == (A)0) {
    slopes = tilt = (A)0;
    n = (A)1;
    inverse = (A)1;
  }
  scale_back[scale_back_offset + c] = tilt * inverse;
  offset_back[offset_back_offset + c] = slopes;
  coefs[c] = scale[scale_offset + c] * inverse;
  coefs[channels + c] = slopes / n;
  coefs[2 * channels + c] = inverse * inverse * (tilt / n);
}

#define SLOPED(dy, x, mean, all, level, tilt)                                              \
  ((all) * (((dy) - (level)) - ((x) - (mean)) * (tilt)))

__kernel void batch_norm_back_apply(const __global T *dy, long dy_offset,
                                    const __global T *x, long x_offset,
                                    const __global A *means, long means_offset,
                                    const __global A *coefs, long coefs_offset,
                                    __global T *dx, long dx_offset, channel_shape s,
                                    int training, long n, long chunk, int stream) {
  size_t channels = (size_t)s.channels, inner = (size_t)s.inner;
  size_t i = get_global_id(0) * (size_t)chunk, end = AT_MOST(i + (size_t)chunk, (size_t)n);
  dy += dy_offset, x += x_offset, dx += dx_offset;
  means += means_offset, coefs += coefs_offset;
  const __global A *levels = coefs + channels, *tilts = levels + channels;
  size_t length = inner == 1 ? channels : inner;
  size_t run = i / length, first = i - run * length;
  bool past = stream && IS_ALIGNED(dx, *dx) && length % V == 0;
  for (; i < end; run++, first = 0) {
    size_t c = first, stop = AT_MOST(end, i + (length - first));
    if (inner > 1) c = run - run / channels * channels;
    if (!CPU_LIKE) {
      A slope = LOAD(dy, i), all = coefs[c];
      if (training)
        STORE(dx, i, SLOPED(slope, LOAD(x, i), means[c], all, levels[c], tilts[c]));
      else
        STORE(dx, i, slope * all);
    } else {
      AV mean = (AV)means[c], all = (AV)coefs[c];
      AV level = (AV)levels[c], tilt = (AV)tilts[c];
      for (; i < stop; i += V, c += V) {
        size_t left = stop - i;
        bool full = left >= V;
        if (inner == 1 && full) {
          mean = GET_AV(means + c), all = GET_AV(coefs + c);
          level = GET_AV(levels + c), tilt = GET_AV(tilts + c);
        } else if (inner == 1) {
          mean = load_some(means + c, left), all = load_some(coefs + c, left);
          level = load_some(levels + c, left), tilt = load_some(tilts + c, left);
        }
        AV slope = load_upto(dy + i, left, (A)0);
        AV result = slope * all;
        if (training)
          result = SLOPED(slope, load_upto(x + i, left, (A)0), mean, all, level, tilt);
        if (full)
          put(dx + i, result, past);
        else
          STOREV_PART(dx, i, result, (int)left);
      }
    }
    i = stop;
  }
}
