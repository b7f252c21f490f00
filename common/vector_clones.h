// Marks a function of plain loops to be compiled a second time for processors with AVX2 and FMA;
// the loader takes the one that fits. In a file compiled without contraction (-ffp-contract=off)
// both give the same values to the bit: the loops' arithmetic is per element.
#pragma once

#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define TUTTI_VECTOR_CLONES [[gnu::target_clones("arch=x86-64-v3", "default")]]
#else
#define TUTTI_VECTOR_CLONES
#endif
