/* N-grams of ASCII texts counted and weighted, bit for bit what scoring/text.py computes; that file says what they are.
 *
 * Texts with any other character are left to Python: what a letter is and how it is lowered is Unicode's, and Python
 * has the tables. A term with any other character stands in no ASCII text, so it is not looked for here.
 *
 * Terms lie in one open-addressed table, at most half full. Every piece is a slice of one buffer: words lie lowered in
 * it, one blank after each, so n of them joined are a slice too.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum kind { WORD, CHAR, CHAR_WB };
enum norm { NONE, L1, L2 };

typedef struct { uint64_t hash; const char *text; Py_ssize_t size, place; } term;

typedef struct {
    PyObject_HEAD
    PyObject *vocabulary; /* holds the terms' characters */
    term *slots;
    uint64_t mask;
    double *idf; /* or NULL */
    Py_ssize_t width, longest_term;
    int kind, shortest, longest, lower, sublinear, norm;
} terms;

/* What one call needs: the buffer, where words start and end in it, counts by place, the places met. */
typedef struct { char *buffer; Py_ssize_t *starts, *ends, *met; Py_ssize_t room, found; int32_t *counts; } scratch;

static uint64_t hash_of(const char *text, Py_ssize_t size) {
    uint64_t h = 1469598103934665603u; /* FNV-1a */
    for (Py_ssize_t i = 0; i < size; i++) h = (h ^ (unsigned char)text[i]) * 1099511628211u;
    return h ^ (h >> 29);
}

static term *slot_of(const terms *t, uint64_t hash, const char *text, Py_ssize_t size) {
    uint64_t at = hash & t->mask;
    for (; t->slots[at].text; at = (at + 1) & t->mask)
        if (t->slots[at].hash == hash && t->slots[at].size == size && !memcmp(t->slots[at].text, text, (size_t)size)) break;
    return t->slots + at;
}

static void count(const terms *t, scratch *s, const char *text, Py_ssize_t size) {
    if (size > t->longest_term) return;
    const term *found = slot_of(t, hash_of(text, size), text, size);
    if (found->text && !s->counts[found->place]++) s->met[s->found++] = found->place;
}

static inline int is_word(unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static inline int is_space(unsigned char c) { return c == ' ' || (c >= 9 && c <= 13) || (c >= 28 && c <= 31); }

static void count_words(const terms *t, scratch *s, Py_ssize_t size) {
    Py_ssize_t words = 0, kept = 0; /* the buffer is rewritten behind where it is read */
    for (Py_ssize_t i = 0; i < size;) {
        if (!is_word((unsigned char)s->buffer[i])) { i++; continue; }
        Py_ssize_t start = i;
        while (i < size && is_word((unsigned char)s->buffer[i])) i++;
        if (i - start < 2) continue;
        memmove(s->buffer + kept, s->buffer + start, (size_t)(i - start));
        s->starts[words] = kept, kept += i - start, s->ends[words++] = kept;
        s->buffer[kept++] = ' ';
    }
    for (int n = t->shortest; n <= t->longest; n++)
        for (Py_ssize_t i = 0; i + n <= words; i++)
            count(t, s, s->buffer + s->starts[i], s->ends[i + n - 1] - s->starts[i]);
}

static void count_slices(const terms *t, scratch *s, const char *text, Py_ssize_t size) {
    for (int n = t->shortest; n <= t->longest && n <= size; n++)
        for (Py_ssize_t i = 0; i + n <= size; i++) count(t, s, text + i, n);
}

static void count_characters(const terms *t, scratch *s, Py_ssize_t size) {
    Py_ssize_t kept = 0;
    for (Py_ssize_t i = 0; i < size;) {
        Py_ssize_t start = i;
        while (i < size && is_space((unsigned char)s->buffer[i])) i++;
        if (i - start > 1) s->buffer[kept++] = ' ';
        else s->buffer[kept++] = s->buffer[start], i = start + 1;
    }
    count_slices(t, s, s->buffer, kept);
}

static void count_within_words(const terms *t, scratch *s, Py_ssize_t size) {
    char *padded = s->buffer + s->room;
    for (Py_ssize_t i = 0; i < size;) {
        if (is_space((unsigned char)s->buffer[i])) { i++; continue; }
        Py_ssize_t length = 1;
        padded[0] = ' ';
        while (i < size && !is_space((unsigned char)s->buffer[i])) padded[length++] = s->buffer[i++];
        padded[length++] = ' ';
        if (length <= t->shortest) count(t, s, padded, length);
        else count_slices(t, s, padded, length);
    }
}

static int ascending(const void *a, const void *b) {
    Py_ssize_t x = *(const Py_ssize_t *)a, y = *(const Py_ssize_t *)b;
    return (x > y) - (x < y);
}

/* The places met, weighted, into one column of `out` (width × rows); counts are nothing again afterwards. */
static void weigh(const terms *t, scratch *s, double *out, Py_ssize_t rows) {
    qsort(s->met, (size_t)s->found, sizeof *s->met, ascending);
    double total = 0.0;
    for (Py_ssize_t i = 0; i < s->found; i++) {
        Py_ssize_t place = s->met[i];
        double weight = t->sublinear ? log((double)s->counts[place]) + 1.0 : (double)s->counts[place];
        if (t->idf) weight *= t->idf[place];
        total += t->norm == L2 ? weight * weight : fabs(weight);
        out[place * rows] = weight;
        s->counts[place] = 0;
    }
    double size = t->norm == L2 ? sqrt(total) : total;
    if (t->norm != NONE && size != 0.0)
        for (Py_ssize_t i = 0; i < s->found; i++) out[s->met[i] * rows] /= size;
    s->found = 0;
}

/* Room for a text of that size: it, and a padded word or the blank after the last. */
static int make_room(scratch *s, Py_ssize_t size) {
    if (s->buffer && size <= s->room) return 0;
    free(s->buffer), free(s->starts), free(s->ends);
    s->room = size + size / 2 + 64;
    s->buffer = malloc((size_t)s->room * 2 + 2);
    s->starts = malloc(((size_t)s->room / 2 + 1) * sizeof *s->starts);
    s->ends = malloc(((size_t)s->room / 2 + 1) * sizeof *s->ends);
    return s->buffer && s->starts && s->ends ? 0 : -1;
}

static int fill_text(const terms *t, scratch *s, PyObject *text, double *out, Py_ssize_t rows) {
    Py_ssize_t size = PyUnicode_GET_LENGTH(text);
    if (make_room(s, size)) return -1;
    const char *from = (const char *)PyUnicode_1BYTE_DATA(text);
    for (Py_ssize_t i = 0; i < size; i++)
        s->buffer[i] = (char)(t->lower && from[i] >= 'A' && from[i] <= 'Z' ? from[i] + 32 : from[i]);
    if (t->kind == WORD) count_words(t, s, size);
    else if (t->kind == CHAR) count_characters(t, s, size);
    else count_within_words(t, s, size);
    weigh(t, s, out, rows);
    return 0;
}

/* fill(texts: list, out: zeros, float64 (width × rows)) -> the rows that are left to Python. What is no text has none. */
static PyObject *terms_fill(terms *t, PyObject *args) {
    PyObject *texts;
    Py_buffer out;
    if (!PyArg_ParseTuple(args, "O!w*", &PyList_Type, &texts, &out)) return NULL;
    Py_ssize_t rows = PyList_GET_SIZE(texts);
    scratch s = {.counts = calloc((size_t)t->width + 1, sizeof(int32_t)), .met = malloc(((size_t)t->width + 1) * sizeof(Py_ssize_t))};
    PyObject *left = PyList_New(0);
    if (!left || !s.counts || !s.met) { Py_CLEAR(left); PyErr_NoMemory(); goto done; }
    if (out.len != t->width * rows * (Py_ssize_t)sizeof(double)) {
        PyErr_SetString(PyExc_ValueError, "out is width × rows float64");
        Py_CLEAR(left);
        goto done;
    }
    for (Py_ssize_t row = 0; row < rows; row++) {
        PyObject *text = PyList_GET_ITEM(texts, row), *place;
        if (!PyUnicode_Check(text)) continue;
        if (PyUnicode_IS_ASCII(text)) {
            if (!fill_text(t, &s, text, (double *)out.buf + row, rows)) continue;
            PyErr_NoMemory();
        } else if ((place = PyLong_FromSsize_t(row))) {
            int failed = PyList_Append(left, place);
            Py_DECREF(place);
            if (!failed) continue;
        }
        Py_CLEAR(left);
        break;
    }
done:
    free(s.buffer), free(s.starts), free(s.ends), free(s.counts), free(s.met);
    PyBuffer_Release(&out);
    return left;
}

static int take_terms(terms *t) {
    uint64_t slots = 4;
    while (slots < 2 * (uint64_t)t->width + 2) slots *= 2;
    t->mask = slots - 1;
    if (!(t->slots = calloc(slots, sizeof(term)))) return -1;
    for (Py_ssize_t place = 0; place < t->width; place++) {
        PyObject *word = PyTuple_GET_ITEM(t->vocabulary, place);
        if (!PyUnicode_Check(word) || !PyUnicode_IS_ASCII(word)) continue;
        const char *text = (const char *)PyUnicode_1BYTE_DATA(word);
        Py_ssize_t size = PyUnicode_GET_LENGTH(word);
        uint64_t hash = hash_of(text, size);
        *slot_of(t, hash, text, size) = (term){hash, text, size, place};
        if (size > t->longest_term) t->longest_term = size;
    }
    return 0;
}

/* Terms(vocabulary: tuple of str, idf: float64 bytes or none, kind, shortest, longest, lower, sublinear, norm) */
static PyObject *terms_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    PyObject *vocabulary, *idf;
    int kind, shortest, longest, lower, sublinear, norm;
    if (!PyArg_ParseTuple(args, "O!Siiippi", &PyTuple_Type, &vocabulary, &idf, &kind, &shortest, &longest, &lower, &sublinear, &norm))
        return NULL;
    Py_ssize_t width = PyTuple_GET_SIZE(vocabulary), size = PyBytes_GET_SIZE(idf);
    if (shortest < 1 || (size && size != width * (Py_ssize_t)sizeof(double))) {
        PyErr_SetString(PyExc_ValueError, "n-grams from 1 on, and a weight for each or none");
        return NULL;
    }
    terms *t = (terms *)type->tp_alloc(type, 0);
    if (!t) return NULL;
    t->vocabulary = Py_NewRef(vocabulary), t->width = width, t->kind = kind, t->shortest = shortest;
    t->longest = longest, t->lower = lower, t->sublinear = sublinear, t->norm = norm;
    if (size && (t->idf = malloc((size_t)size))) memcpy(t->idf, PyBytes_AS_STRING(idf), (size_t)size);
    if ((size && !t->idf) || take_terms(t)) {
        Py_DECREF(t);
        return PyErr_NoMemory();
    }
    return (PyObject *)t;
}

static void terms_dealloc(terms *t) {
    free(t->slots), free(t->idf);
    Py_XDECREF(t->vocabulary);
    Py_TYPE(t)->tp_free((PyObject *)t);
}

static PyMethodDef terms_methods[] = {
    {"fill", (PyCFunction)terms_fill, METH_VARARGS, "ASCII texts weighted into `out`; the places of the others."},
    {NULL, NULL, 0, NULL},
};

static PyTypeObject terms_type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "modelyard.scoring._text.Terms",
    .tp_basicsize = sizeof(terms),
    .tp_dealloc = (destructor)terms_dealloc,
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_doc = "The n-grams of a text_tfidf; made by scoring/text_columns.py alone.",
    .tp_methods = terms_methods,
    .tp_new = terms_new,
};

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_text", "N-grams of ASCII texts.", -1, NULL, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__text(void) {
    PyObject *made = PyModule_Create(&module);
    if (!made || PyType_Ready(&terms_type) < 0) return NULL;
    Py_INCREF(&terms_type);
    if (PyModule_AddObject(made, "Terms", (PyObject *)&terms_type) < 0) return NULL;
    return made;
}
