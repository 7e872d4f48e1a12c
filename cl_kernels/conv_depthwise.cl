/* What depthwise convolutions over two axes with one output channel for each input channel
 * share, for CPUs: local size 1, nothing is packed. Position q of an axis of the result
 * meets tap k at position (q * mul + add + k * tap_mul) / div of the source, where that is
 * whole and there; taps elsewhere are left out, so padding is never multiplied.
 *
 * w: [taps0, taps1, channels]. The gradient of w is made from x as source and dy, in parts:
 * [parts, taps0, taps1, channels]. */

typedef struct {
  long source[2], result[2], taps[2];
  long mul[2], add[2], tap_mul[2], div[2];
  long batch, channels;
  long rows_each, planes_each, panels_each, part;
} depthwise;
