/* Products on CPUs with weights: matrices that stay the same are laid out once and kept. */
#include "ops/families.h"
#include "ops/gemm_plan.h"
#include "ops/plan.h"

/* Measured: laying b out took 2/3 of the time with 8 rows, 1/4 with 128, 1/10 with 1024,
 * 1/25 with 1536; and up to twice as much with a b that is read transposed. */
enum { MOST_ROWS = 2048 };

static bool pays(const eager__gemm_plan *l) {
  const eager__gemm_args *p = &l->p;
  /* A transposed a has a kernel of its own, which reads V of its rows at once: 2.7 times
   * as fast as this one's way to lay it out. */
  if (p->a_row == 1 && p->a_col != 1) return false;
  return l->count == 1 && !p->subtract && p->m <= MOST_ROWS &&
         p->k * p->n * (int64_t)eager_dtype_size(l->dtype) >= EAGER__KEPT_LEAST;
}

static eager_status pack(const eager__gemm_plan *l, const eager__gemm_tile *tile,
                         const eager__spot *form, int64_t panels) {
  eager__kernel_begin(l->commands, tile->packed, l->dtype, "pack_panels");
  eager__arg_at(l->commands, &l->b);
  eager__arg_at(l->commands, form);
  eager__arg_bytes(l->commands, &l->p, sizeof l->p);
  int64_t stretches = eager__ceil_div(l->p.k, tile->depth);
  return eager__kernel_end(l->commands, eager__grid_3d(panels, 1, stretches, 1, 1, 1));
}

bool eager__gemm_add_packed(eager__gemm_plan *l, eager_status *out) {
  if (!pays(l)) return false;
  const eager__gemm_tile *tile = &eager__gemm_tiles[l->choice.tile];
  const eager__gemm_args *p = &l->p;
  int64_t width = eager__gemm_tile_width(tile, l->traits, l->dtype);
  int64_t panels = eager__ceil_div(p->n, width);
  size_t size = (size_t)(panels * width * p->k) * eager__computed_size(l->dtype);
  eager__form_key key = {tile->packed, l->dtype, 0, p->k, p->n, p->b_row, p->b_col};
  bool make;
  eager__spot form = {EAGER__PLACE_FORM,
                      eager__input_form(l->commands, &l->b, &key, size, &make), 0};
  if (form.index < 0) return false;
  *out = make ? pack(l, tile, &form, panels) : EAGER_OK;
  if (*out != EAGER_OK) return true;
  l->b = form;
  bool narrow = eager_dtype_size(l->dtype) < eager__computed_size(l->dtype);
  *out = eager__gemm_add_pieces(
      l, tile->packed, "product_packed", eager__ceil_div(p->m, p->rows),
      eager__ceil_div(p->n, p->columns), narrow && l->choice.depth > tile->depth);
  return true;
}
