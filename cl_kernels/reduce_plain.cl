/* Products, maxima and minima; behind reduce_kernel.cl. */

REDUCE_BLOCK(prod_rows, rows_block, FOLD_PROD)
REDUCE_BLOCK(max_rows, rows_block, FOLD_MAX)
REDUCE_BLOCK(min_rows, rows_block, FOLD_MIN)
REDUCE_BLOCK(prod_columns, columns_block, FOLD_PROD)
REDUCE_BLOCK(max_columns, columns_block, FOLD_MAX)
REDUCE_BLOCK(min_columns, columns_block, FOLD_MIN)
FINISH_BLOCK(prod_finish, FOLD_PROD)
FINISH_BLOCK(max_finish, FOLD_MAX)
FINISH_BLOCK(min_finish, FOLD_MIN)
