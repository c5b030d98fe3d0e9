/* The columns of a long trace, which SQLite writes down as numbers with commas between: read for the views, as
   Python takes ten times as long for it. store_cells.py and outline.py do the same where this is not built. */
#ifndef FLASKTRACE_COLUMNS_H
#define FLASKTRACE_COLUMNS_H

#include "frames.h"

typedef struct {
    const char *at, *end;
} Column;

static int
column_open(Column *column, PyObject *text)
{
    Py_ssize_t size;
    column->at = PyUnicode_AsUTF8AndSize(text, &size);
    column->end = column->at + (column->at == NULL ? 0 : size);
    return column->at == NULL ? -1 : 0;
}

/* The next number of 64 bits, and the comma behind it unless it is the last; 0 when there is none. */
static int
column_next(Column *column, int64_t *number)
{
    const char *at = column->at, *end = column->end;
    int is_negative = at < end && *at == '-';
    uint64_t value = 0, most = (uint64_t)INT64_MAX + (uint64_t)is_negative;
    at += is_negative;
    const char *first = at;
    for (; at < end && *at >= '0' && *at <= '9'; at++) {
        uint64_t digit = (uint64_t)(*at - '0');
        if (value > (most - digit) / 10) {
            return 0;
        }
        value = value * 10 + digit;
    }
    if (at == first || (at < end && (*at != ',' || ++at == end))) {
        return 0;
    }
    column->at = at;
    *number = is_negative ? (int64_t)(0 - value) : (int64_t)value;
    return 1;
}

static PyObject *
odd_row(void)
{
    PyErr_SetString(PyExc_ValueError, "a row is odd");
    return NULL;
}

/* numbers(text, count): the numbers of a column, as the bytes of an array of 64 bits each. */
static PyObject *
numbers(PyObject *Py_UNUSED(module), PyObject *arguments)
{
    PyObject *text;
    Py_ssize_t count;
    Column column;
    if (!PyArg_ParseTuple(arguments, "Un", &text, &count) || column_open(&column, text) < 0) {
        return NULL;
    }
    if (count < 0 || count > (column.end - column.at + 1) / 2) {
        return odd_row();
    }
    PyObject *found = PyBytes_FromStringAndSize(NULL, count * (Py_ssize_t)sizeof(int64_t));
    if (found == NULL) {
        return NULL;
    }
    char *to = PyBytes_AS_STRING(found);
    for (Py_ssize_t i = 0; i < count; i++, to += sizeof(int64_t)) {
        int64_t number;
        if (!column_next(&column, &number)) {
            Py_DECREF(found);
            return odd_row();
        }
        memcpy(to, &number, sizeof(number));
    }
    if (column.at != column.end) {
        Py_DECREF(found);
        return odd_row();
    }
    return found;
}

/* What owners() fills for one piece; see outline.py, which says what they are. */
typedef struct {
    int32_t *owners, *parents; /* by row; of the calls that are kept */
    int64_t *counts;           /* of calls that are not kept, by those that are, of all before too */
    int64_t *strands;          /* of the calls that are kept */
    int32_t *kept, *extra;     /* rows from 0, of all before too */
    Py_ssize_t kept_count, extra_count;
} Piece;

static int
fill_piece(Piece *piece, Column *ups, Column *keys, Py_ssize_t count, Py_buffer *owners, Py_buffer *strands)
{
    Py_ssize_t row_count = owners->len / (Py_ssize_t)sizeof(int32_t);
    Py_ssize_t strand_count = strands->len / (Py_ssize_t)sizeof(int64_t);
    for (Py_ssize_t i = 0; i < count; i++) {
        int64_t up, key;
        Py_ssize_t row = row_count + i;
        if (!column_next(ups, &up) || !column_next(keys, &key)) {
            odd_row();
            return -1;
        }
        if (up < 0 || up > row) {
            PyErr_SetString(PyExc_ValueError, "a call has a parent that does not come first");
            return -1;
        }
        int32_t owner = -1;
        if (up > 0) {
            Py_ssize_t above = row - (Py_ssize_t)up;
            owner = above < row_count ? ((int32_t *)owners->buf)[above] : piece->owners[above - row_count];
        }
        if (key >= 0 && up > 0) {
            int64_t strand = owner < strand_count ? ((int64_t *)strands->buf)[owner]
                                                  : piece->strands[owner - strand_count];
            if (strand == key) {
                piece->owners[i] = owner;
                piece->counts[owner]++;
                continue;
            }
        }
        if (key >= 0) {
            piece->extra[piece->extra_count++] = (int32_t)row;
        }
        piece->owners[i] = (int32_t)(strand_count + piece->kept_count);
        piece->parents[piece->kept_count] = owner;
        piece->strands[piece->kept_count] = key < 0 ? -1 - key : key;
        piece->kept[piece->kept_count++] = (int32_t)row;
    }
    if (ups->at != ups->end || keys->at != keys->end) {
        odd_row();
        return -1;
    }
    return 0;
}

/* owners(ups, keys, count, owners, strands, counts): of the rows of a piece the owners; of those that are kept the
   parents, strands, and rows; the rows that are kept but not asked for. Each as the bytes of an array. The last
   argument, an array with room for all of the piece, is added to. */
static PyObject *
owners(PyObject *Py_UNUSED(module), PyObject *arguments)
{
    PyObject *ups_text, *keys_text, *found = NULL;
    Py_ssize_t count;
    Py_buffer before, strands, counts;
    Column ups, keys;
    if (!PyArg_ParseTuple(arguments, "UUny*y*w*", &ups_text, &keys_text, &count, &before, &strands, &counts)) {
        return NULL;
    }
    Piece piece = {.counts = counts.buf};
    size_t room = count > 0 ? (size_t)count : 1;
    if (counts.len / (Py_ssize_t)sizeof(int64_t) < strands.len / (Py_ssize_t)sizeof(int64_t) + count) {
        PyErr_SetString(PyExc_ValueError, "there is no room to count in");
    }
    else if (column_open(&ups, ups_text) == 0 && column_open(&keys, keys_text) == 0) {
        char *block = PyMem_Malloc(room * (4 * sizeof(int32_t) + sizeof(int64_t)));
        if (block == NULL) {
            PyErr_NoMemory();
        }
        else {
            piece.strands = (int64_t *)block;
            piece.owners = (int32_t *)(piece.strands + room);
            piece.parents = piece.owners + room;
            piece.kept = piece.parents + room;
            piece.extra = piece.kept + room;
            if (fill_piece(&piece, &ups, &keys, count, &before, &strands) == 0) {
                Py_ssize_t kept_size = piece.kept_count * (Py_ssize_t)sizeof(int32_t);
                found = Py_BuildValue("y#y#y#y#y#", (char *)piece.owners, count * (Py_ssize_t)sizeof(int32_t),
                                      (char *)piece.parents, kept_size, (char *)piece.strands,
                                      piece.kept_count * (Py_ssize_t)sizeof(int64_t), (char *)piece.kept,
                                      kept_size, (char *)piece.extra,
                                      piece.extra_count * (Py_ssize_t)sizeof(int32_t));
            }
            PyMem_Free(block);
        }
    }
    PyBuffer_Release(&before);
    PyBuffer_Release(&strands);
    PyBuffer_Release(&counts);
    return found;
}

#endif
