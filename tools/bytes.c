/* SPDX-License-Identifier: ISC */
#include <stdio.h>

/*
 * bytes NAME FILE: the file as C source on standard output, NAME[] and NAME_len.
 * A build tool: needs nothing but C.
 */
int
main(int argc, char **argv)
{
	FILE *in = argc == 3 ? fopen(argv[2], "rb") : NULL;
	unsigned long n = 0;

	if (in == NULL) {
		perror(argc == 3 ? argv[2] : "bytes NAME FILE");
		return 1;
	}
	printf("#include <stddef.h>\n\nextern const unsigned char %s[];\n"
	    "extern const size_t %s_len;\n\n", argv[1], argv[1]);
	printf("_Alignas(8) const unsigned char %s[] = {\n", argv[1]);
	for (int c; (c = getc(in)) != EOF; n++)
		printf("%d,%s", c, n % 20 == 19 ? "\n" : "");
	printf("};\n\nconst size_t %s_len = %lu;\n", argv[1], n);
	return ferror(in) || fclose(in) != 0 || ferror(stdout) || fflush(stdout) != 0;
}
