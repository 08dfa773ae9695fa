package io.tangentflow.data;

import java.nio.file.Path;

/**
 * Which bytes a data set came from.
 *
 * @param file the file as its user named it
 * @param sha256 the SHA-256 of the file as it lies on disk (packed, where it is gzip), in hex
 */
public record Provenance(Path file, String sha256) {}
