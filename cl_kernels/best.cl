/* The few pairs of each row that order first (order_keys.cl), for devices like a CPU: rows
 * are walked twice. The least keys of 16 or 64 shares of a row bound what can be among the
 * first `kept`; the rest is passed over V elements at a time. Rows are dense and cut into
 * `pieces` of `piece` elements. Any local size is legal. */

enum { KEPT_MOST = 64 };

typedef struct bests {
  long rows, length, kept, pieces, piece;
  long each; /* pieces of a work-item */
} bests;

static inline TV keys_of(TV bits, key_rule rule) {
  TV sign = (TV)(T)rule.sign, infinity = (TV)(T)rule.infinity, key = bits ^ sign;
  if (rule.infinity != 0) {
    TV magnitude = bits & ~sign;
    key = SELECT((bits & sign) != (TV)0, ~bits, key);
    key = SELECT(magnitude == (TV)0, sign, key);
    key = SELECT(magnitude > infinity, (TV)(T) ~(T)0, key);
  }
  return key ^ (TV)(T)rule.flip;
}

/* Behind its equals, at the end of which `last` is free. */
static inline void put_in(T keys[KEPT_MOST], uint places[KEPT_MOST], size_t last, T key,
                          uint place) {
  size_t i = last;
  for (; i > 0 && keys[i - 1] > key; i--) {
    keys[i] = keys[i - 1];
    places[i] = places[i - 1];
  }
  keys[i] = key;
  places[i] = place;
}

/* A key that `kept` of the `count` elements do not exceed. */
INLINED T bound_of(const __global T *from, size_t count, size_t kept, key_rule rule) {
  if (count < 16 * V) return (T) ~(T)0;
  T lanes[4 * V], least[KEPT_MOST];
  uint unused[KEPT_MOST];
  TV a = (TV)(T) ~(T)0, b = a, c = a, d = a;
  for (size_t i = 0; i + 4 * V <= count; i += 4 * V) {
    a = min(a, keys_of(VLOAD(0, from + i), rule));
    b = min(b, keys_of(VLOAD(1, from + i), rule));
    c = min(c, keys_of(VLOAD(2, from + i), rule));
    d = min(d, keys_of(VLOAD(3, from + i), rule));
  }
  if (kept <= V) a = min(min(a, b), min(c, d));
  VSTORE(a, 0, lanes);
  VSTORE(b, 1, lanes);
  VSTORE(c, 2, lanes);
  VSTORE(d, 3, lanes);
  size_t shares = kept <= V ? V : 4 * V;
  for (size_t i = 0; i < shares; i++) {
    if (i < kept)
      put_in(least, unused, i, lanes[i], 0);
    else if (lanes[i] < least[kept - 1])
      put_in(least, unused, kept - 1, lanes[i], 0);
  }
  return least[kept - 1];
}

typedef struct found {
  T keys[KEPT_MOST];
  uint places[KEPT_MOST];
  size_t have;
  T most;    /* a key above does not belong here */
  bool full; /* no key does */
} found;

INLINED void look_at(found *f, size_t kept, T key, size_t place) {
  if (key > f->most) return;
  if (f->have < kept) f->have++;
  put_in(f->keys, f->places, f->have - 1, key, (uint)place);
  if (f->have < kept) return;
  f->full = f->keys[kept - 1] == 0;
  if (!f->full) f->most = f->keys[kept - 1] - 1;
}

__kernel void best_pieces(const __global T *x, long x_offset, __global T *keys,
                          long keys_offset, __global uint *places, long places_offset,
                          bests given, key_rule rule) {
  bests b = given;
  size_t pieces = (size_t)b.pieces, length = (size_t)b.length, kept = (size_t)b.kept;
  size_t number = get_global_id(0) * (size_t)b.each;
  size_t last = AT_MOST(number + (size_t)b.each, (size_t)b.rows * pieces);
  for (; number < last; number++) {
    size_t row = number / pieces, i = (number - row * pieces) * (size_t)b.piece;
    size_t end = AT_MOST(i + (size_t)b.piece, length);
    const __global T *from = x + x_offset + row * length;
    found f;
    f.have = 0;
    f.full = false;
    f.most = bound_of(from + i, end - i, kept, rule);
    for (; i + V <= end && !f.full; i += V) {
      TV found_keys = keys_of(VLOAD(0, from + i), rule);
      if (!ANY(found_keys <= (TV)f.most)) continue;
      T lanes[V];
      VSTORE(found_keys, 0, lanes);
      for (size_t j = 0; j < V && !f.full; j++) look_at(&f, kept, lanes[j], i + j);
    }
    for (; i < end && !f.full; i++) look_at(&f, kept, key_of(from[i], rule), i);
    for (size_t j = 0; j < f.have; j++) {
      keys[(size_t)keys_offset + number * kept + j] = f.keys[j];
      places[(size_t)places_offset + number * kept + j] = f.places[j];
    }
  }
}

/* Of each row the pairs of its pieces, which follow one another. */
__kernel void best_merge(__global T *out_keys, long out_keys_offset,
                         __global uint *out_places, long out_places_offset,
                         const __global T *keys, long keys_offset,
                         const __global uint *places, long places_offset, bests given) {
  bests b = given;
  size_t row = get_global_id(0), pieces = (size_t)b.pieces, kept = (size_t)b.kept;
  if (row >= (size_t)b.rows) return;
  T own[KEPT_MOST];
  uint own_at[KEPT_MOST];
  size_t have = 0;
  for (size_t piece = 0; piece < pieces; piece++) {
    size_t left = (size_t)b.length - piece * (size_t)b.piece;
    size_t count = AT_MOST(AT_MOST(left, (size_t)b.piece), kept);
    size_t from = (row * pieces + piece) * kept;
    for (size_t i = 0; i < count; i++) {
      T key = keys[(size_t)keys_offset + from + i];
      if (have == kept && key >= own[kept - 1]) break;
      if (have < kept) have++;
      put_in(own, own_at, have - 1, key, places[(size_t)places_offset + from + i]);
    }
  }
  for (size_t i = 0; i < kept; i++) {
    out_keys[(size_t)out_keys_offset + row * kept + i] = own[i];
    out_places[(size_t)out_places_offset + row * kept + i] = own_at[i];
  }
}
