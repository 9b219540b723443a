/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a fuzz target on every file of a corpus directory: fuzz targets are ordinary tests as well. */
#include <dirent.h>
#include <string.h>

#include "fuzz.h"

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* The input stands at the end of its own allocation, so that reading beyond it is seen by a sanitizer. */
static uint8_t *read_input(FILE *file, size_t *size)
{
    if (fseek(file, 0, SEEK_END) != 0)
        return NULL;
    long length = ftell(file);
    if (length < 0 || fseek(file, 0, SEEK_SET) != 0)
        return NULL;
    *size = (size_t)length;
    uint8_t *input = malloc(*size > 0 ? *size : 1);
    if (input != NULL && fread(input, 1, *size, file) != *size) {
        free(input);
        return NULL;
    }
    return input;
}

static int replay_file(const char *directory, const char *name)
{
    char path[4096];
    int length = snprintf(path, sizeof(path), "%s/%s", directory, name);
    FILE *file = length > 0 && (size_t)length < sizeof(path) ? fopen(path, "rbe") : NULL;
    size_t size = 0;
    uint8_t *input = file != NULL ? read_input(file, &size) : NULL;
    if (file != NULL)
        fclose(file);
    if (input == NULL) {
        fprintf(stderr, "cannot read '%s'\n", path);
        return 1;
    }
    /* the name is printed first: it is what one needs when the target crashes */
    printf("%s\n", name);
    fflush(stdout);
    LLVMFuzzerTestOneInput(input, size);
    free(input);
    return 0;
}

int main(int count, char **arguments)
{
    if (count != 2) {
        fprintf(stderr, "usage: %s CORPUS-DIRECTORY\n", arguments[0]);
        return 2;
    }
    struct dirent **entries = NULL;
    int found = scandir(arguments[1], &entries, is_visible, alphasort);
    if (found <= 0) {
        fprintf(stderr, "no inputs in '%s'\n", arguments[1]);
        return 1;
    }
    int failed = 0;
    for (int i = 0; i < found; i++) {
        failed |= replay_file(arguments[1], entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    printf("replayed %d inputs\n", found);
    return failed;
}
