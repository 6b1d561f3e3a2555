/* Trees of few leaves, tests of a tree side by side over GROUP rows: see scoring/masks.py.
 *
 * Eight numbers of 32 bits are one vector; where the processor has none so wide, the compiler makes two of them.
 */
#define GROUP 32
#define MOST_WORDS 4

typedef int32_t eight __attribute__((vector_size(32), aligned(4), may_alias));
typedef struct { int32_t column, needed, stays; } test;

typedef struct {
    int32_t words;
    const double *leaves;
    const int32_t *columns, *firsts, *ends;
    const test *tests;
} masks;

/* laid: words, reals of the leaves, (reals of edges, size) per column, firsts, ends, tests. */
static masks masks_of(const forest *f, const int32_t *laid, const double *reals) {
    masks m = {.words = laid[0], .leaves = reals + laid[1], .columns = laid + 2};
    m.firsts = m.columns + 2 * f->column_count;
    m.ends = m.firsts + f->count;
    m.tests = (const test *)(m.ends + (size_t)f->count * m.words + 1);
    return m;
}

/* How many of the edges lie below each of n numbers; size is one less than a power of two. */
static void rank(const double *x, int n, int above, const int64_t *edges, int32_t size, int32_t *ranks) {
    int64_t keys[BLOCK];
    for (int i = 0; i < n; i++) keys[i] = key(x[i], above), ranks[i] = 0;
    for (int32_t half = (size + 1) / 2; half; half /= 2)
        for (int i = 0; i < n; i++) ranks[i] += edges[ranks[i] + half - 1] < keys[i] ? half : 0;
}

static inline void derive_ranks(const forest *f, const tree *t, const int32_t *codes, int n, int32_t *ranks) {
    for (const set *s = f->sets + t->set, *end = s + t->sets; s < end; s++, ranks += BLOCK)
        for (int i = 0; i < n; i++) ranks[i] = (int32_t)outside(f, s->word, codes[s->code * (BLOCK / LANES) + i]);
}

/* Which leaves of one word stay for each of GROUP rows. */
static inline __attribute__((always_inline)) void rule_out(const test *t, const test *end, const int32_t *ranks,
                                                           uint32_t *stay) {
    eight a = {-1, -1, -1, -1, -1, -1, -1, -1}, b = a, c = a, d = a;
    for (; t < end; t++) {
        const eight *x = (const eight *)(ranks + t->column);
        eight needed = (eight){0} + t->needed, stays = (eight){0} + t->stays;
        a &= (needed > x[0]) | stays;
        b &= (needed > x[1]) | stays;
        c &= (needed > x[2]) | stays;
        d &= (needed > x[3]) | stays;
    }
    memcpy(stay, &a, 32), memcpy(stay + 8, &b, 32), memcpy(stay + 16, &c, 32), memcpy(stay + 24, &d, 32);
}

/* The first leaf that stays; one always does. */
static inline int first_of(const uint32_t *stay, int32_t words) {
    int32_t w = 0;
    while (w < words - 1 && !stay[w * GROUP]) w++;
    return w * 32 + __builtin_ctz(stay[w * GROUP]);
}

static inline __attribute__((always_inline)) void add_masked(const forest *f, const masks *m, const int32_t *codes,
                                                             int32_t *ranks, double *out, int n) {
    int32_t *derived = ranks + (size_t)f->column_count * BLOCK;
    uint32_t stay[MOST_WORDS * GROUP];
    for (int32_t t = 0; t < f->count; t++) {
        const tree *one = f->trees + t;
        const int32_t *ends = m->ends + (size_t)t * m->words;
        const double *leaves = m->leaves + (size_t)m->firsts[t] * f->width;
        derive_ranks(f, one, codes, n, derived);
        for (int g = 0; g < n; g += GROUP) {
            double *to = out + (size_t)one->output * BLOCK + g;
            int rows = n - g < GROUP ? n - g : GROUP;
            for (int32_t w = 0; w < m->words; w++)
                rule_out(m->tests + ends[w], m->tests + ends[w + 1], ranks + g, stay + w * GROUP);
            for (int i = 0; i < rows; i++) {
                const double *leaf = leaves + (size_t)first_of(stay + i, m->words) * f->width;
                if (f->width == 1) to[i] += *leaf;
                else for (int32_t o = 0; o < f->outputs; o++) to[(size_t)o * BLOCK + i] += leaf[o];
            }
        }
    }
}

static void add_masked_anywhere(const forest *f, const masks *m, const int32_t *codes, int32_t *ranks, double *out, int n) {
    add_masked(f, m, codes, ranks, out, n);
}

#if !defined(HAS_WIDE) && defined(__x86_64__)
__attribute__((target("avx2,bmi"))) static void add_masked_wide(const forest *f, const masks *m, const int32_t *codes,
                                                               int32_t *ranks, double *out, int n) {
    add_masked(f, m, codes, ranks, out, n);
}
#define HAS_WIDE (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi"))
#else
#undef HAS_WIDE
#define HAS_WIDE 0
#define add_masked_wide add_masked_anywhere
#endif

static void sum_masked(const forest *f, const int32_t *laid, const double *reals, const double *r, double *out, int n,
                       int32_t *ranks) {
    masks m = masks_of(f, laid, reals);
    int32_t *codes = ranks + (size_t)(f->column_count + f->derived) * BLOCK;
    for (int32_t c = 0; c < f->column_count; c++)
        rank(r + (size_t)f->columns[2 * c] * BLOCK, n, f->columns[2 * c + 1],
             (const int64_t *)reals + m.columns[2 * c], m.columns[2 * c + 1], ranks + (size_t)c * BLOCK);
    for (int32_t c = 0; c < f->code_count; c++) {
        const double *from = r + (size_t)f->codes[2 * c] * BLOCK;
        for (int i = 0; i < n; i++) codes[(size_t)c * BLOCK + i] = code_of(from[i], f->codes[2 * c + 1]);
    }
    if (HAS_WIDE) add_masked_wide(f, &m, codes, ranks, out, n);
    else add_masked_anywhere(f, &m, codes, ranks, out, n);
}

/* laid: where the forest has masks, else NULL. A few rows alone walk: they would fill no vector. */
static void sum_trees(const forest *f, const int32_t *laid, const double *reals, const double *r, double *out, int n,
                      int64_t *x) {
    int rows = n > LANES / 2 ? n : 1;
    int32_t *codes = (int32_t *)(x + (size_t)((rows + LANES - 1) / LANES) * (1 + f->column_count + f->derived) * LANES);
    for (int32_t o = 0; o < f->outputs; o++)
        for (int i = 0; i < n; i++) out[(size_t)o * BLOCK + i] = f->base[o];
    if (laid && n > LANES / 2) sum_masked(f, laid, reals, r, out, n, (int32_t *)x);
    else if (n > LANES / 2) sum_block(f, r, out, n, x, codes);
    else for (int i = 0; i < n; i++) sum_row(f, r + i, out + i, x, codes);
    if (f->divide != 1.0)
        for (int32_t o = 0; o < f->outputs; o++)
            for (int i = 0; i < n; i++) out[(size_t)o * BLOCK + i] /= f->divide;
}
