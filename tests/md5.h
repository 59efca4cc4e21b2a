/* MD5 (RFC 1321), by which the spec names the bytes of its golden geometry. */
#ifndef VLY_TEST_MD5_H
#define VLY_TEST_MD5_H

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline void test_md5_block(uint32_t state[4], const uint8_t block[64])
{
    static const int turn[4][4] = {{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};
    static const int of[4][2] = {{1, 0}, {5, 1}, {3, 5}, {7, 0}}; /* word of step i: of[0] i + of[1] */
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
    for (int i = 0; i < 64; i++) {
        const int round = i / 16, word = (of[round][0] * i + of[round][1]) % 16, left = turn[round][i % 4];
        const uint32_t mixed = round == 0   ? (b & c) | (~b & d)
                               : round == 1 ? (d & b) | (~d & c)
                               : round == 2 ? b ^ c ^ d
                                            : c ^ (b | ~d);
        const uint8_t *at = block + 4 * word;
        uint32_t sum = a + mixed + (uint32_t)floor(4294967296.0 * fabs(sin(i + 1.0)));
        sum += (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
        a = d, d = c, c = b;
        b += sum << left | sum >> (32 - left);
    }
    state[0] += a, state[1] += b, state[2] += c, state[3] += d;
}

static inline void test_md5(char hex[33], const uint8_t *bytes, size_t count)
{
    uint32_t state[4] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
    size_t padded = (count + 8) / 64 * 64 + 64;
    uint8_t *text = calloc(padded, 1);
    memcpy(text, bytes, count);
    text[count] = 0x80;
    for (int k = 0; k < 8; k++) text[padded - 8 + k] = (uint8_t)((uint64_t)count * 8 >> 8 * k);
    for (size_t at = 0; at < padded; at += 64) test_md5_block(state, text + at);
    for (int k = 0; k < 16; k++) snprintf(hex + 2 * k, 3, "%02x", state[k / 4] >> 8 * (k % 4) & 255);
    free(text);
}

#endif
