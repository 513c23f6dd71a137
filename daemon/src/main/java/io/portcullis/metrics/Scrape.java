package io.portcullis.metrics;

/**
 * All metrics at one moment.
 *
 * @param contentType for the header of that name
 * @param body in that format; the caller's own
 */
@SuppressWarnings("ArrayRecordComponent") // written to a socket, never compared
public record Scrape(String contentType, byte[] body) {}
