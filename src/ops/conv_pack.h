/* Laying out what convolutions read: cl_kernels/conv_pack.cl, conv.cl and conv_filter.cl
 * say how. Each gives the place to read from: a workspace, or the input itself where it
 * lies like that already. */
#ifndef EAGER_OPS_CONV_PACK_H
#define EAGER_OPS_CONV_PACK_H

#include "cl/program.h"
#include "ops/conv_shape.h"
#include "runtime/commands.h"

/* Which channel is lane j of a pixel: a * outer_step + b / repeat * inner_step, where
 * a = j / inner and b = j % inner; zero where b is not below limit. */
typedef struct eager__conv_lanes {
  int64_t lanes, inner, outer_step, repeat, inner_step, limit;
} eager__conv_lanes;

/* Channels as they are. */
eager__conv_lanes eager__conv_lanes_plain(int64_t channels);
/* Each group's channels padded to a multiple of `multiple`. */
eager__conv_lanes eager__conv_lanes_padded(int64_t groups, int64_t group_size,
                                           int64_t multiple);
/* [reduce, lanes]: for lane o, in groups of `repeat`, the `reduce` channels of its group;
 * lanes padded to a multiple of `multiple`. */
eager__conv_lanes eager__conv_lanes_dealt(int64_t groups, int64_t repeat, int64_t reduce,
                                          int64_t multiple);

/* Images [first, first + count) of an input. */
typedef struct eager__conv_images {
  int64_t first, count;
} eager__conv_images;

/* Input `input`, in the window's data format, as [pixels, lanes] of type A; by a kernel of
 * `family`, which the op uses anyway. */
eager_status eager__conv_pack_pixels(const eager__call *call, eager__commands *commands,
                                     const eager__family *family,
                                     const eager__window *window, int input,
                                     const eager__conv_lanes *lanes, eager__spot *out);

/* Only some images: the first ones take a workspace, later ones reuse *out; what lies as it
 * is read is no workspace, and gives images from `first` on. */
eager_status eager__conv_pack_images(const eager__call *call, eager__commands *commands,
                                     const eager__family *family,
                                     const eager__window *window, int input,
                                     const eager__conv_lanes *lanes,
                                     const eager__conv_images *images, eager__spot *out);

/* The filter as conv.cl reads it. */
typedef struct eager__conv_weights {
  eager__spot place;
  int64_t group, panel, step; /* w_group, w_panel, w_step of conv.cl */
} eager__conv_weights;

typedef struct eager__conv_roles {
  bool to_input; /* the roles of the channels are exchanged */
  bool turned;   /* the last tap comes first, on every axis; only where to_input */
  bool dealt;    /* all groups' channels side by side, for conv_lanes */
} eager__conv_roles;

/* Input `input`. */
eager_status eager__conv_pack_filter(const eager__call *call, eager__commands *commands,
                                     const eager__conv *conv, int input,
                                     const eager__conv_roles *roles,
                                     eager__conv_weights *out);

/* Output 0 is the sum of `parts` parts, `count` elements of the type of arithmetic each,
 * in workspace `scratch`. */
eager_status eager__conv_add_parts(const eager__call *call, eager__commands *commands,
                                   const eager__family *family, int64_t count,
                                   int64_t parts, int scratch);

#endif
