package io.portcullis.ec2.transfer;

/**
 * A file to import.
 *
 * @param name in messages; the entries of a prefix list may have the list's id from it
 * @param text one JSON value or several, one behind the other
 */
public record JsonFile(String name, String text) {}
