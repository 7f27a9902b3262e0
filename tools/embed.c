/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * embed FILE...: write the files as C source to standard output, as the array
 * ph_embedded[] of name (without folder and extension) and text, in the order
 * given, and their number.  A build tool: needs nothing but C.
 */
static void
die(const char *path)
{
	perror(path);
	exit(1);
}

static void
put_bytes(FILE *in)
{
	unsigned col = 0;

	for (int c; (c = getc(in)) != EOF;)
		printf("%d,%s", c, ++col % 20 == 0 ? "\n" : "");
	puts("0 };");
}

static void
put_name(const char *path)
{
	const char *base = strrchr(path, '/'), *dot;

	base = base == NULL ? path : base + 1;
	dot = strrchr(base, '.');
	printf("\t{ \"%.*s\", \"%s\", ", (int)(dot == NULL ? strlen(base) :
	    (size_t)(dot - base)), base, base);
}

int
main(int argc, char **argv)
{
	puts("#include \"catalog/embedded.h\"\n");
	for (int i = 1; i < argc; i++) {
		FILE *in = fopen(argv[i], "rb");

		if (in == NULL)
			die(argv[i]);
		printf("static const char text%d[] = {\n", i);
		put_bytes(in);
		if (ferror(in) || fclose(in) != 0)
			die(argv[i]);
	}
	puts("\nconst struct ph_embedded ph_embedded[] = {");
	for (int i = 1; i < argc; i++) {
		put_name(argv[i]);
		printf("text%d, sizeof(text%d) - 1 },\n", i, i);
	}
	printf("};\n\nconst size_t ph_embedded_n = %d;\n", argc - 1);
	return ferror(stdout) || fflush(stdout) != 0;
}
