package io.tangentflow.sweep;

/**
 * What became of a strip.
 *
 * @param strip whose tiles are in the store now
 * @param computed how many of them this took; the others were there
 * @param differenceFromFp64 the relative Frobenius difference of the first tile's first samples;
 *     null of other strips, and where FP64 would not have fitted into memory
 * @param peakBytes the most that the backend held
 * @param seconds that it took
 * @param place where it was computed
 */
public record TileResult(
    TileStrip strip,
    int computed,
    Double differenceFromFp64,
    long peakBytes,
    double seconds,
    Place place) {}
