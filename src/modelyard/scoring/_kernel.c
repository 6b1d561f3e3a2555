/* The native kernel: the instruction set over blocks of rows, bit for bit what scoring/interpreter.py computes.
 *
 * A program arrives flat: `code` (int32: length, op, into, arguments …), `reals` (doubles), `nodes` (trees), `bits`
 * (category sets), `trees` (int32: trees and their category tests). scoring/native.py makes and checks it; nothing
 * here checks an index, so nothing but native.py may make a Kernel.
 *
 * Registers of a block lie one after the other, BLOCK doubles each. Compiled with -ffp-contract=off: every product and
 * every sum is rounded on its own, as numpy rounds it.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK 64

#include "_forest.h"
#include "_masks.h"

enum op { CONST, ISNAN, FILL, APPLY, ARITH, ARITH_CONST, CLIP, SELECT, BINS, INTERP, MAP, ONE_HOT, SIGMOID, LINEAR,
          TREES, SOFTMAX, DECIDE, NEAREST };
enum unary { NEG, ABS, LOG, LOG1P, EXP, EXPM1, SQRT, TANH, FLOOR, NOT };
enum binary { ADD, SUB, MUL, DIV, MIN, MAX, MOD, LT, LE, GT, GE, EQ, NE, AND, OR };
typedef struct {
    PyObject_HEAD
    int32_t *code, *trees, *wanted;
    double *reals, *row;
    node *nodes;
    uint32_t *bits;
    void *scratch;
    Py_ssize_t code_length, inputs, registers, answers, scratch_size;
} kernel;

static double unary(int f, double x) {
    switch (f) {
    case NEG: return -x;
    case ABS: return fabs(x);
    case LOG: return log(x);
    case LOG1P: return log1p(x);
    case EXP: return exp(x);
    case EXPM1: return expm1(x);
    case SQRT: return sqrt(x);
    case TANH: return tanh(x);
    case FLOOR: return floor(x);
    default: return isnan(x) ? NAN : (x == 0.0);
    }
}

static inline double modulo(double a, double b) {
    double left = fmod(a, b);
    return (left != 0.0 && (left < 0.0) != (b < 0.0)) ? left + b : left;
}

static double either(int f, double a, double b) {
    int unknown = isnan(a) || isnan(b);
    if (f == AND) return (a == 0.0 || b == 0.0) ? 0.0 : (unknown ? NAN : 1.0);
    int yes = (!isnan(a) && a != 0.0) || (!isnan(b) && b != 0.0);
    return yes ? 1.0 : (unknown ? NAN : 0.0);
}

static inline double binary(int f, double a, double b) {
    switch (f) {
    case ADD: return a + b;
    case SUB: return a - b;
    case MUL: return a * b;
    case DIV: return a / b;
    case MOD: return modulo(a, b);
    case AND: case OR: return either(f, a, b);
    default: break;
    }
    if (isnan(a) || isnan(b)) return NAN;
    switch (f) {
    case MIN: return b < a ? b : a;
    case MAX: return b > a ? b : a;
    case LT: return a < b;
    case LE: return a <= b;
    case GT: return a > b;
    case GE: return a >= b;
    case EQ: return a == b;
    default: return a != b;
    }
}

/* How many of the n ascending edges are ≤ x. */
static int32_t count_edges(const double *edges, int32_t n, double x) {
    int32_t low = 0, high = n;
    while (low < high) {
        int32_t middle = low + (high - low) / 2;
        if (edges[middle] <= x) low = middle + 1; else high = middle;
    }
    return low;
}

static double interpolate(const double *xs, const double *ys, int32_t n, double x) {
    if (isnan(x)) return NAN;
    if (x >= xs[n - 1]) return ys[n - 1];
    if (x <= xs[0]) return ys[0];
    int32_t at = count_edges(xs, n, x) - 1;
    if (x == xs[at]) return ys[at];
    double slope = (ys[at + 1] - ys[at]) / (xs[at + 1] - xs[at]);
    return slope * (x - xs[at]) + ys[at];
}

static double look_up(const double *table, int32_t n, double x) {
    if (isnan(x)) return table[n];
    return (x >= 0 && x < n && x == floor(x)) ? table[(int32_t)x] : table[n + 1];
}

/* arguments: trees, sets, nodes, bits (where each starts), count, outputs, leaf width, reals of base, of leaves and of
 * divide, number columns, category columns, derived columns, masks (-1: none); then (register, NaN above) and (register, unseen) pairs. */
static forest forest_of(const kernel *k, const int32_t *a) {
    forest f = {
        .trees = (const tree *)(k->trees + a[0]), .sets = (const set *)(k->trees + a[1]), .nodes = k->nodes + a[2],
        .bits = k->bits + a[3], .count = a[4], .outputs = a[5], .width = a[6], .base = k->reals + a[7],
        .leaves = k->reals + a[8], .divide = k->reals[a[9]], .column_count = a[10], .code_count = a[11], .derived = a[12],
        .columns = a + 14, .codes = a + 14 + 2 * a[10],
    };
    return f;
}

/* arguments: inputs, outputs, reals of weights (outputs × inputs) and bias, then the input registers. */
static void linear(const kernel *k, const int32_t *a, const double *r, double *out, int n) {
    int32_t width = a[0], outputs = a[1];
    const double *weights = k->reals + a[2], *bias = weights + (size_t)width * outputs;
    for (int32_t o = 0; o < outputs; o++) {
        double *sum = out + (size_t)o * BLOCK;
        for (int i = 0; i < n; i++) sum[i] = 0.0;
        for (int32_t j = 0; j < width; j++) {
            const double *x = r + (size_t)a[3 + j] * BLOCK;
            double weight = weights[(size_t)o * width + j];
            for (int i = 0; i < n; i++) sum[i] += x[i] * weight;
        }
        for (int i = 0; i < n; i++) sum[i] += bias[o];
    }
}

static void softmax(const int32_t *a, const double *r, double *out, int n) {
    int32_t width = a[0];
    for (int i = 0; i < n; i++) {
        double top = r[(size_t)a[1] * BLOCK + i], total = 0.0;
        for (int32_t j = 1; j < width; j++) top = binary(MAX, top, r[(size_t)a[1 + j] * BLOCK + i]);
        for (int32_t j = 0; j < width; j++) {
            double grown = exp(r[(size_t)a[1 + j] * BLOCK + i] - top);
            out[(size_t)j * BLOCK + i] = grown;
            total = j ? total + grown : grown;
        }
        for (int32_t j = 0; j < width; j++) out[(size_t)j * BLOCK + i] /= total;
    }
}

/* arguments: rule (0 argmax, 1 greater, 2 at least), real of the boundary, width, registers. */
static void decide(const kernel *k, const int32_t *a, const double *r, double *out, int n) {
    double at = k->reals[a[1]];
    for (int i = 0; i < n; i++) {
        double top = r[(size_t)a[3] * BLOCK + i], answer = 0.0;
        int unknown = isnan(top);
        for (int32_t j = 1; j < a[2]; j++) {
            double x = r[(size_t)a[3 + j] * BLOCK + i];
            unknown |= isnan(x);
            if (a[0] == 0 && x > top) { top = x; answer = j; }
        }
        if (a[0]) answer = a[0] == 1 ? top > at : top >= at;
        out[i] = unknown ? NAN : answer;
    }
}

/* How far each of the donors lies from the row: the mean square over what both know, NaN where that is nothing. */
static void distances(const double *rows, int32_t donors, int32_t width, const double *x, double *apart) {
    for (int32_t d = 0; d < donors; d++, rows += width) {
        double total = 0.0, known = 0.0;
        for (int32_t j = 0; j < width; j++) {
            double difference = x[(size_t)j * BLOCK] - rows[j];
            if (isnan(x[(size_t)j * BLOCK]) || isnan(rows[j])) continue;
            total += difference * difference;
            known += 1.0;
        }
        apart[d] = known > 0.0 ? total / known : NAN;
    }
}

/* The mean of column j over the `most` nearest donors that know it; equally near: the earlier. */
static double mean_of_nearest(const double *column, int32_t donors, int32_t width, const double *apart, int32_t most,
                              double fallback, double *near, int32_t *who) {
    int32_t found = 0;
    for (int32_t d = 0; d < donors; d++) {
        if (isnan(apart[d]) || isnan(column[(size_t)d * width])) continue;
        if (found == most && !(apart[d] < near[found - 1])) continue;
        int32_t at = found < most ? found++ : most - 1;
        for (; at > 0 && near[at - 1] > apart[d]; at--) near[at] = near[at - 1], who[at] = who[at - 1];
        near[at] = apart[d], who[at] = d;
    }
    double total = 0.0;
    for (int32_t i = 0; i < found; i++) total += column[(size_t)who[i] * width];
    return found ? total / found : fallback;
}

/* arguments: inputs, donors, neighbours, reals of the donors (donors × inputs) and of the fallback, input registers. */
static void nearest(const kernel *k, const int32_t *a, const double *r, double *out, int n, void *scratch) {
    int32_t width = a[0], donors = a[1], most = a[2];
    const double *rows = k->reals + a[3], *fallback = k->reals + a[4];
    double *apart = scratch, *near = apart + donors;
    int32_t *who = (int32_t *)(near + most);
    for (int i = 0; i < n; i++) {
        int gaps = 0;
        for (int32_t j = 0; j < width; j++) {
            double x = r[(size_t)a[5 + j] * BLOCK + i];
            out[(size_t)j * BLOCK + i] = x;
            gaps |= isnan(x);
        }
        if (!gaps) continue;
        distances(rows, donors, width, out + i, apart);
        for (int32_t j = 0; j < width; j++) {
            double *x = out + (size_t)j * BLOCK + i;
            if (isnan(*x)) *x = mean_of_nearest(rows + j, donors, width, apart, most, fallback[j], near, who);
        }
    }
}

#define EACH(expression) do { for (int i = 0; i < n; i++) { out[i] = (expression); } } while (0)

static void run_block(const kernel *k, double *r, void *scratch, int n) {
    for (const int32_t *w = k->code, *end = k->code + k->code_length; w < end; w += w[0]) {
        const int32_t *a = w + 3;
        double *out = r + (size_t)w[2] * BLOCK;
        /* From ISNAN to SIGMOID the first argument is the register read. */
        const double *x = r + (size_t)(w[1] != CONST && w[1] <= SIGMOID ? a[0] : 0) * BLOCK, *real;
        switch (w[1]) {
        case CONST: EACH(k->reals[a[0]]); break;
        case ISNAN: EACH(isnan(x[i]) ? 1.0 : 0.0); break;
        case FILL: EACH(isnan(x[i]) ? k->reals[a[1]] : x[i]); break;
        case APPLY: EACH(unary(a[1], x[i])); break;
        case ARITH: real = r + (size_t)a[1] * BLOCK; EACH(binary(a[2], x[i], real[i])); break;
        case ARITH_CONST: real = k->reals + a[1];
            if (a[3]) EACH(binary(a[2], *real, x[i])); else EACH(binary(a[2], x[i], *real));
            break;
        case CLIP: real = k->reals + a[1];
            EACH(x[i] > real[1] ? real[1] : (x[i] < real[0] ? real[0] : x[i])); break;
        case SELECT: EACH(!isnan(x[i]) && x[i] != 0.0 ? r[(size_t)a[1] * BLOCK + i] : r[(size_t)a[2] * BLOCK + i]); break;
        case BINS: EACH(isnan(x[i]) ? NAN : count_edges(k->reals + a[1], a[2], x[i])); break;
        case INTERP: EACH(interpolate(k->reals + a[1], k->reals + a[1] + a[2], a[2], x[i])); break;
        case MAP: EACH(look_up(k->reals + a[1], a[2], x[i])); break;
        case ONE_HOT:
            for (int32_t s = 0; s < a[1]; s++, out += BLOCK) EACH(x[i] == s ? 1.0 : 0.0);
            break;
        case LINEAR: linear(k, a, r, out, n); break;
        case TREES: {
            forest f = forest_of(k, a);
            sum_trees(&f, a[13] < 0 ? NULL : k->trees + a[13], k->reals, r, out, n, scratch);
            break;
        }
        case SIGMOID: EACH(1.0 / (1.0 + exp(-x[i]))); break;
        case SOFTMAX: softmax(a, r, out, n); break;
        case NEAREST: nearest(k, a, r, out, n, scratch); break;
        default: decide(k, a, r, out, n); break;
        }
    }
}

static void *copied(PyObject *bytes) {
    Py_ssize_t size = PyBytes_GET_SIZE(bytes);
    void *copy = malloc(size ? (size_t)size : 1);
    if (copy) memcpy(copy, PyBytes_AS_STRING(bytes), (size_t)size);
    return copy;
}

static PyObject *kernel_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    PyObject *code, *reals, *nodes, *bits, *trees, *wanted;
    Py_ssize_t inputs, registers, scratch;
    if (!PyArg_ParseTuple(args, "SSSSSnSnn", &code, &reals, &nodes, &bits, &trees, &scratch, &wanted, &inputs, &registers))
        return NULL;
    kernel *k = (kernel *)type->tp_alloc(type, 0);
    if (!k) return NULL;
    k->code = copied(code), k->reals = copied(reals), k->nodes = copied(nodes), k->bits = copied(bits);
    k->trees = copied(trees), k->wanted = copied(wanted);
    k->row = calloc((size_t)(registers ? registers : 1) * BLOCK, sizeof(double));
    k->code_length = PyBytes_GET_SIZE(code) / 4, k->answers = PyBytes_GET_SIZE(wanted) / 4;
    k->inputs = inputs, k->registers = registers, k->scratch_size = scratch;
    k->scratch = malloc((size_t)scratch + 1);
    if (!k->code || !k->reals || !k->nodes || !k->bits || !k->trees || !k->wanted || !k->row || !k->scratch) {
        Py_DECREF(k);
        return PyErr_NoMemory();
    }
    return (PyObject *)k;
}

static void kernel_dealloc(kernel *k) {
    free(k->code), free(k->reals), free(k->nodes), free(k->bits), free(k->trees), free(k->wanted), free(k->row);
    free(k->scratch);
    Py_TYPE(k)->tp_free((PyObject *)k);
}

/* row(values: sequence of floats) -> tuple of floats. Holds the GIL, so it may use the kernel's own registers. */
static PyObject *kernel_row(kernel *k, PyObject *values) {
    PyObject *fast = PySequence_Fast(values, "row() takes a sequence of floats");
    if (!fast) return NULL;
    if (PySequence_Fast_GET_SIZE(fast) != k->inputs) {
        Py_DECREF(fast);
        return PyErr_Format(PyExc_ValueError, "row() takes %zd values", k->inputs);
    }
    for (Py_ssize_t i = 0; i < k->inputs; i++) {
        k->row[i * BLOCK] = PyFloat_AsDouble(PySequence_Fast_GET_ITEM(fast, i));
        if (PyErr_Occurred()) { Py_DECREF(fast); return NULL; }
    }
    Py_DECREF(fast);
    run_block(k, k->row, k->scratch, 1);
    PyObject *answers = PyTuple_New(k->answers);
    for (Py_ssize_t i = 0; answers && i < k->answers; i++) {
        PyObject *answer = PyFloat_FromDouble(k->row[(size_t)k->wanted[i] * BLOCK]);
        if (!answer) { Py_CLEAR(answers); break; }
        PyTuple_SET_ITEM(answers, i, answer);
    }
    return answers;
}

static int run_all(const kernel *k, const double **columns, double *out, Py_ssize_t length) {
    double *r = calloc((size_t)(k->registers ? k->registers : 1) * BLOCK, sizeof(double));
    void *scratch = malloc((size_t)k->scratch_size + 1);
    if (!r || !scratch) { free(r), free(scratch); return -1; }
    for (Py_ssize_t start = 0; start < length; start += BLOCK) {
        int n = (int)(length - start < BLOCK ? length - start : BLOCK);
        for (Py_ssize_t c = 0; c < k->inputs; c++)
            memcpy(r + c * BLOCK, columns[c] + start, (size_t)n * sizeof(double));
        run_block(k, r, scratch, n);
        for (Py_ssize_t o = 0; o < k->answers; o++)
            memcpy(out + o * length + start, r + (size_t)k->wanted[o] * BLOCK, (size_t)n * sizeof(double));
    }
    free(r), free(scratch);
    return 0;
}

/* run(columns: tuple of float64 buffers, out: writable float64 buffer (answers × length), length). Releases the GIL. */
static PyObject *kernel_run(kernel *k, PyObject *args) {
    PyObject *columns, *target;
    Py_ssize_t length, held = 0;
    if (!PyArg_ParseTuple(args, "O!On", &PyTuple_Type, &columns, &target, &length)) return NULL;
    if (PyTuple_GET_SIZE(columns) != k->inputs) return PyErr_Format(PyExc_ValueError, "run() takes %zd columns", k->inputs);
    Py_buffer out, *views = PyMem_Calloc((size_t)(k->inputs ? k->inputs : 1), sizeof(Py_buffer));
    const double **starts = PyMem_Calloc((size_t)(k->inputs ? k->inputs : 1), sizeof(double *));
    PyObject *result = NULL;
    int failed = 0;
    if (!views || !starts) { PyErr_NoMemory(); goto done; }
    for (; held < k->inputs; held++) {
        if (PyObject_GetBuffer(PyTuple_GET_ITEM(columns, held), views + held, PyBUF_C_CONTIGUOUS | PyBUF_FORMAT)) goto done;
        if (strcmp(views[held].format, "d") || views[held].ndim != 1 || views[held].shape[0] != length) {
            held++;
            PyErr_SetString(PyExc_ValueError, "columns are float64 and of one length");
            goto done;
        }
        starts[held] = views[held].buf;
    }
    if (PyObject_GetBuffer(target, &out, PyBUF_WRITABLE)) goto done;
    if (out.len == k->answers * length * (Py_ssize_t)sizeof(double)) {
        Py_BEGIN_ALLOW_THREADS
        failed = run_all(k, starts, out.buf, length);
        Py_END_ALLOW_THREADS
        if (failed) PyErr_NoMemory();
        else result = Py_NewRef(Py_None);
    } else PyErr_SetString(PyExc_ValueError, "out is answers × length float64");
    PyBuffer_Release(&out);
done:
    while (held-- > 0) PyBuffer_Release(views + held);
    PyMem_Free(views), PyMem_Free((void *)starts);
    return result;
}

/* apply(f, buffer): the unary function in place, so that the numpy interpreter uses this same libm. */
static PyObject *module_apply(PyObject *self, PyObject *args) {
    int f;
    Py_buffer view;
    if (!PyArg_ParseTuple(args, "iw*", &f, &view)) return NULL;
    double *x = view.buf;
    Py_ssize_t n = view.len / (Py_ssize_t)sizeof(double);
    for (Py_ssize_t i = 0; i < n; i++) x[i] = unary(f, x[i]);
    PyBuffer_Release(&view);
    Py_RETURN_NONE;
}

static PyMethodDef kernel_methods[] = {
    {"row", (PyCFunction)kernel_row, METH_O, "One row: floats in, the wanted registers out."},
    {"run", (PyCFunction)kernel_run, METH_VARARGS, "Many rows: columns in, the wanted registers into `out`."},
    {NULL, NULL, 0, NULL},
};

static PyTypeObject kernel_type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "modelyard.scoring._kernel.Kernel",
    .tp_basicsize = sizeof(kernel),
    .tp_dealloc = (destructor)kernel_dealloc,
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_doc = "A flat program; made by scoring/native.py alone.",
    .tp_methods = kernel_methods,
    .tp_new = kernel_new,
};

static PyMethodDef module_methods[] = {
    {"apply", module_apply, METH_VARARGS, "A unary function over a float64 buffer, in place."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_kernel", "The native kernel.", -1, module_methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__kernel(void) {
    PyObject *made = PyModule_Create(&module);
    if (!made || PyType_Ready(&kernel_type) < 0) return NULL;
    Py_INCREF(&kernel_type);
    if (PyModule_AddObject(made, "Kernel", (PyObject *)&kernel_type) < 0) return NULL;
    return made;
}
