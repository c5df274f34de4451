/* The floor: the same signatures (fss and oph, word and byte n-grams) in C with AVX-512, as fast as we could
 * write them, to tell how far the numba kernels are from what the machine gives. Same bits; checked by peers.py.
 * gcc -O3 -march=native -mprefer-vector-width=512 -mno-stv -shared -fPIC floor.c -o floor.so
 * (-mno-stv: gcc else sends the scalar minimum through the stack, 8 times slower.) */
#include <immintrin.h>
#include <stdint.h>
#include <string.h>

#define EMPTY 0xFFFFFFFFu
#define ROUNDS 4

static inline uint32_t mix(uint32_t h) {
  h ^= h >> 16; h *= 0x85EBCA6Bu; h ^= h >> 13; h *= 0xC2B2AE35u; return h ^ (h >> 16);
}
static inline uint32_t scrambled(uint32_t k) {
  k *= 0xCC9E2D51u; k = (k << 15) | (k >> 17); return k * 0x1B873593u;
}
static inline uint32_t absorb(uint32_t h, uint32_t k) {
  h ^= scrambled(k); h = (h << 13) | (h >> 19); return h * 5 + 0xE6546B64u;
}
static inline uint32_t bin_of(uint32_t h, uint32_t k) { return (uint64_t)h * k >> 32; }
static inline uint32_t rehashed(uint32_t h, uint32_t turn) { return mix(h ^ (turn * 0x9E3779B1u)); }
static inline uint32_t load32(const uint8_t *p) { uint32_t x; memcpy(&x, p, 4); return x; }
static inline uint64_t load64(const uint8_t *p) { uint64_t x; memcpy(&x, p, 8); return x; }

/* Positions of the set bits of a mask, appended to `out`. */
static inline int64_t listed(uint64_t mask, int32_t base, int32_t *out, int64_t n) {
  static const uint8_t ramp[64] = {
      0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
      22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43,
      44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63};
  __m512i packed = _mm512_maskz_compress_epi8(mask, _mm512_loadu_si512(ramp));
  __m512i start = _mm512_set1_epi32(base);
  int more = __builtin_popcountll(mask);
  for (int j = 0; j < more; j += 16) {
    _mm512_storeu_si512(out + n + j, _mm512_add_epi32(start, _mm512_cvtepu8_epi32(_mm512_castsi512_si128(packed))));
    packed = _mm512_shuffle_i64x2(packed, packed, 0x39);
  }
  return n + more;
}

typedef struct { int32_t *starts, *ends, *longs; uint64_t *eights; uint32_t *words, *hashes, *fresh; } work;

static int64_t word_shingles(const uint8_t *text, int32_t length, int n, work w) {
  int64_t found = 0, closed = 0;
  uint64_t letters_before = 0, leads_before = 0;
  for (int32_t at = 0; at < length; at += 64) {
    __mmask64 there = length - at >= 64 ? ~0ull : (1ull << (length - at)) - 1;
    __m512i x = _mm512_maskz_loadu_epi8(there, text + at);
    uint64_t letters = _mm512_cmpgt_epu8_mask(x, _mm512_set1_epi8(0x20));
    uint64_t leads = _mm512_cmpgt_epu8_mask(x, _mm512_set1_epi8((char)0xE2)) &
                     ~_mm512_cmpgt_epu8_mask(x, _mm512_set1_epi8((char)0xE9));
    uint64_t before = letters << 1 | letters_before >> 63, after = leads << 3 | leads_before >> 61;
    uint64_t begun = letters & (~before | leads | after), ended = before & (~letters | begun);
    found = listed(begun, at, w.starts, found);
    closed = listed(ended, at, w.ends, closed);
    letters_before = letters;
    leads_before = leads;
  }
  if (closed < found) w.ends[closed] = length;
  int64_t n_long = 0;
  for (int64_t i = 0; i < found; i++) { /* the caller leaves 8 readable bytes behind the text */
    int32_t size = w.ends[i] - w.starts[i], kept = size < 8 ? size : 8;
    w.eights[i] = load64(text + w.starts[i]) & (~0ull >> (64 - 8 * kept));
    w.longs[n_long] = (int32_t)i;
    n_long += size > 8;
  }
  for (int64_t i = 0; i < found; i++)
    w.words[i] = absorb(absorb(0, (uint32_t)w.eights[i]), (uint32_t)(w.eights[i] >> 32)) ^
                 (uint32_t)(w.ends[i] - w.starts[i]);
  for (int64_t j = 0; j < n_long; j++) {
    int32_t i = w.longs[j], at = w.starts[i] + 8, size = w.ends[i] - w.starts[i];
    uint32_t h = w.words[i] ^ (uint32_t)size;
    for (; at < w.ends[i]; at += 8) {
      int32_t left = w.ends[i] - at;
      uint64_t x = load64(text + at) & (left < 8 ? ~0ull >> (64 - 8 * left) : ~0ull);
      h = absorb(absorb(h, (uint32_t)x), (uint32_t)(x >> 32));
    }
    w.words[i] = h ^ (uint32_t)size;
  }
  if (!found) return 0;
  if (found < n) n = (int)found;
  int64_t count = found - n + 1;
  for (int64_t i = 0; i < count; i++) {
    uint32_t h = 0;
    for (int j = 0; j < n; j++) h = absorb(h, w.words[i + j]);
    w.hashes[i] = mix(h ^ (uint32_t)(4 * n));
  }
  return count;
}

static int64_t byte_shingles8(const uint8_t *text, int32_t length, work w) {
  int64_t count = length - 8 + 1, done = 0;
  for (int phase = 0; phase < 4; phase++) {
    int64_t m = (count - phase + 3) / 4;
    const uint8_t *p = text + phase;
    for (int64_t i = 0; i < m; i++)
      w.hashes[done + i] = mix(absorb(absorb(0, load32(p + 4 * i)), load32(p + 4 * i + 4)) ^ 8u);
    done += m;
  }
  return count;
}

static void fill(const uint32_t *hashes, int64_t count, uint32_t *row, uint32_t k) {
  for (int64_t i = 0; i < count; i++) {
    uint32_t h = hashes[i], b = bin_of(h, k), old = row[b];
    row[b] = h < old ? h : old;
  }
}

static int gaps(const uint32_t *row, int k) {
  int n = 0;
  for (int b = 0; b < k; b++) n += row[b] == EMPTY;
  return n;
}

static void complete(const uint32_t *hashes, int64_t count, uint32_t *row, int k, work w, uint32_t *other) {
  for (uint32_t turn = 1; turn < ROUNDS; turn++) {
    if (!gaps(row, k)) return;
    for (int b = 0; b < k; b++) other[b] = EMPTY;
    for (int64_t i = 0; i < count; i++) w.fresh[i] = rehashed(hashes[i], turn);
    fill(w.fresh, count, other, k);
    for (int b = 0; b < k; b++) row[b] = row[b] == EMPTY ? other[b] : row[b];
  }
  for (int b = 0; b < k; b++)
    if (row[b] == EMPTY)
      for (int64_t i = 0; i < count; i++) {
        uint32_t h = rehashed(hashes[i], ROUNDS + b);
        row[b] = h < row[b] ? h : row[b];
      }
}

static void densify(uint32_t *row, int k, uint32_t *full) {
  if (!gaps(row, k)) return;
  memcpy(full, row, 4 * k);
  for (uint32_t b = 0; b < (uint32_t)k; b++)
    for (uint32_t attempt = 1; row[b] == EMPTY; attempt++)
      row[b] = full[bin_of(mix(b * 0x9E3779B1u + attempt * 0x85EBCA77u), k)];
}

/* kind: 0 words of n, 1 bytes of 8 (documents of 8 bytes or more); scheme: 0 fss, 1 oph. */
void sign(const uint8_t *data, const int64_t *offsets, int64_t documents, int kind, int n, int scheme, int k,
          uint32_t *out, int32_t *positions, uint64_t *eights, uint32_t *hashes, int64_t room) {
  work w = {positions, positions + room, positions + 2 * room, eights, hashes, hashes + room, hashes + 2 * room};
  for (int64_t i = 0; i < documents; i++) {
    uint32_t *row = out + i * k;
    const uint8_t *text = data + offsets[i];
    int32_t length = (int32_t)(offsets[i + 1] - offsets[i]);
    for (int b = 0; b < k; b++) row[b] = EMPTY;
    int64_t count = kind ? byte_shingles8(text, length, w) : word_shingles(text, length, n, w);
    if (count <= 0) continue;
    fill(w.hashes, count, row, k);
    if (scheme) densify(row, k, hashes + 3 * room);
    else complete(w.hashes, count, row, k, w, hashes + 3 * room);
  }
}
