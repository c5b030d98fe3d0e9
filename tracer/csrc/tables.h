/* What is known about code, files and threads: small hash tables by address, without Python's help. */
#ifndef FLASKTRACE_TABLES_H
#define FLASKTRACE_TABLES_H

#include "frames.h"

/* The bits of recorder.py's modes, and those of native.py: the state is noted at the end; what is returned may be
   the app's secret key. */
enum { M_OUT = 0, M_IN_SCOPE = 1, M_WATCHED = 2, M_STATE = 4, M_SETTING = 8 };

typedef struct {
    PyObject *key;  /* a code object, another object (both kept alive) or, as a number, a thread */
    PyObject *lane; /* of a thread */
    PyObject *file; /* of code that is out of scope with all of its file: the name; the code is not kept alive */
    int value_count;
    unsigned char mode, is_generator;
} Entry;

typedef struct {
    Entry *entries;
    size_t room, used; /* room: a power of two */
} Table;

static inline size_t
place_of(const Table *table, const void *key)
{
    return (size_t)(((uint64_t)(uintptr_t)key >> 4) * 0x9E3779B97F4A7C15u >> 32) & (table->room - 1);
}

static inline Entry *
table_find(const Table *table, const void *key)
{
    if (table->room == 0) {
        return NULL;
    }
    for (size_t at = place_of(table, key);; at = (at + 1) & (table->room - 1)) {
        Entry *entry = table->entries + at;
        if (entry->key == key) {
            return entry;
        }
        if (entry->key == NULL) {
            return NULL;
        }
    }
}

static int
table_grow(Table *table)
{
    Table larger = {NULL, table->room ? table->room * 2 : 64, table->used};
    larger.entries = PyMem_RawCalloc(larger.room, sizeof(Entry));
    if (larger.entries == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    for (size_t i = 0; i < table->room; i++) {
        if (table->entries[i].key != NULL) {
            size_t at = place_of(&larger, table->entries[i].key);
            while (larger.entries[at].key != NULL) {
                at = (at + 1) & (larger.room - 1);
            }
            larger.entries[at] = table->entries[i];
        }
    }
    PyMem_RawFree(table->entries);
    *table = larger;
    return 0;
}

/* The entry of a key, made when there is none; the caller keeps the key alive. NULL: no memory. */
static Entry *
table_add(Table *table, void *key)
{
    Entry *entry = table_find(table, key);
    if (entry != NULL) {
        return entry;
    }
    if (table->used * 2 >= table->room && table_grow(table) < 0) {
        return NULL;
    }
    size_t at = place_of(table, key);
    while (table->entries[at].key != NULL) {
        at = (at + 1) & (table->room - 1);
    }
    table->used++;
    table->entries[at].key = key;
    return table->entries + at;
}

static void
table_free(Table *table)
{
    PyMem_RawFree(table->entries);
    *table = (Table){NULL, 0, 0};
}

#endif
