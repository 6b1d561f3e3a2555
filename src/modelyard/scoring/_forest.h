/* Trees: see scoring/layout.py for the form that makes a step one comparison of whole numbers.
 *
 * Features of LANES rows lie side by side ("a group"), so that LANES walks hide the latency of each. One row alone walks
 * LANES trees at once instead: it is copied to every lane, and lane j reads the category columns of tree j.
 */
#define LANES 8

typedef struct { int64_t threshold; int32_t offset, child; } node;
typedef struct { int32_t root, output, set, sets, careful; } tree;
typedef struct { int32_t code, word; } set;

/* What a forest needs of the kernel and of its own arguments. */
typedef struct {
    const node *nodes;
    const tree *trees;
    const set *sets;
    const uint32_t *bits;
    const int32_t *columns, *codes;
    int32_t count, outputs, width, column_count, code_count, derived;
    const double *base, *leaves;
    double divide;
} forest;


static inline int64_t key(double x, int above) {
    int64_t bits;
    double whole = x + 0.0;
    memcpy(&bits, &whole, sizeof bits);
    bits ^= (bits >> 63) & INT64_MAX;
    return x == x ? bits : (above ? INT64_MAX : INT64_MIN);
}

static inline int32_t code_of(double x, int32_t unseen) {
    if (!(x == x)) return unseen + 1;
    return x > -1.0 && x < unseen ? (int32_t)x : unseen;
}

/* Row i of the block goes to lane i of a group; a single row goes to all lanes. */
static void fill_group(const forest *f, const double *r, int32_t rows, int single, int64_t *x, int32_t *codes) {
    for (int i = 0; i < LANES; i++) x[i] = INT64_MIN;
    for (int32_t c = 0; c < f->column_count; c++) {
        const double *from = r + (size_t)f->columns[2 * c] * BLOCK;
        int above = f->columns[2 * c + 1];
        int64_t *to = x + (1 + c) * LANES;
        if (single) { int64_t same = key(*from, above); for (int i = 0; i < LANES; i++) to[i] = same; }
        else for (int i = 0; i < LANES; i++) to[i] = i < rows ? key(from[i], above) : 0;
    }
    for (int32_t c = 0; c < f->code_count; c++) {
        const double *from = r + (size_t)f->codes[2 * c] * BLOCK;
        for (int i = 0; i < LANES; i++)
            codes[c * LANES + i] = single || i < rows ? code_of(from[single ? 0 : i], f->codes[2 * c + 1]) : 0;
    }
}

static inline uint32_t outside(const forest *f, int64_t word, int32_t code) {
    return ~(f->bits[word + ((uint32_t)code >> 5)] >> (code & 31)) & 1u;
}

static inline void derive(const forest *f, const tree *t, int64_t *x, const int32_t *codes, int from, int to) {
    int64_t *column = x + (size_t)(1 + f->column_count) * LANES;
    for (const set *s = f->sets + t->set, *end = s + t->sets; s < end; s++, column += LANES)
        for (int i = from; i < to; i++) column[i] = outside(f, s->word, codes[s->code + i]);
}

static inline void walk_lanes(const node *nodes, const int64_t *x, int32_t *here) {
    int32_t moved;
    do {
        moved = 0;
        for (int i = 0; i < LANES; i++) {
            const node *at = nodes + here[i];
            int32_t next = at->child + (x[at->offset + i] > at->threshold);
            moved |= next ^ here[i];
            here[i] = next;
        }
    } while (moved);
}

static int32_t walk_careful(const forest *f, int32_t here, const int64_t *x, const int32_t *codes, int lane) {
    for (;;) {
        const node *at = f->nodes + here;
        int32_t next = at->child + (at->offset < 0 ? (int32_t)outside(f, at->threshold, codes[~at->offset + lane])
                                                   : x[at->offset + lane] > at->threshold);
        if (next == here) return here;
        here = next;
    }
}

static inline void add_leaf(const forest *f, int32_t leaf, int32_t output, double *out) {
    int64_t row = f->nodes[leaf].threshold;
    if (f->width == 1) { out[(size_t)output * BLOCK] += f->leaves[row]; return; }
    const double *values = f->leaves + (size_t)row * f->width;
    for (int32_t o = 0; o < f->outputs; o++) out[(size_t)o * BLOCK] += values[o];
}

/* One row, LANES trees at once, added in the trees' order. */
static void sum_row(const forest *f, const double *r, double *out, int64_t *x, int32_t *codes) {
    fill_group(f, r, 1, 1, x, codes);
    for (int32_t t = 0; t < f->count; t += LANES) {
        int32_t here[LANES], some = f->count - t < LANES ? f->count - t : LANES, careful = 0;
        for (int j = 0; j < LANES; j++) {
            const tree *one = f->trees + t + (j < some ? j : 0);
            here[j] = one->root;
            careful |= one->careful;
        }
        for (int j = 0; j < some; j++)
            if (!f->trees[t + j].careful) derive(f, f->trees + t + j, x, codes, j, j + 1);
        for (int j = some; j < LANES; j++)
            if (!f->trees[t].careful) derive(f, f->trees + t, x, codes, j, j + 1);
        if (careful) for (int j = 0; j < some; j++) here[j] = walk_careful(f, here[j], x, codes, j);
        else walk_lanes(f->nodes, x, here);
        for (int j = 0; j < some; j++) add_leaf(f, here[j], f->trees[t + j].output, out);
    }
}

/* A block: tree by tree, so that a tree stays in the cache for all groups. */
static void sum_block(const forest *f, const double *r, double *out, int n, int64_t *x, int32_t *codes) {
    size_t wide = (size_t)(1 + f->column_count + f->derived) * LANES, coded = (size_t)f->code_count * LANES;
    int groups = (n + LANES - 1) / LANES;
    for (int g = 0; g < groups; g++)
        fill_group(f, r + g * LANES, n - g * LANES, 0, x + g * wide, codes + g * coded);
    for (int32_t t = 0; t < f->count; t++) {
        const tree *one = f->trees + t;
        for (int g = 0; g < groups; g++) {
            int64_t *group = x + g * wide;
            const int32_t *coding = codes + g * coded;
            int rows = n - g * LANES < LANES ? n - g * LANES : LANES;
            int32_t here[LANES];
            for (int i = 0; i < LANES; i++) here[i] = one->root;
            if (one->careful) {
                for (int i = 0; i < rows; i++) here[i] = walk_careful(f, here[i], group, coding, i);
            } else {
                derive(f, one, group, coding, 0, LANES);
                walk_lanes(f->nodes, group, here);
            }
            for (int i = 0; i < rows; i++) add_leaf(f, here[i], one->output, out + g * LANES + i);
        }
    }
}
