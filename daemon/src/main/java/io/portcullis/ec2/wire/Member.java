package io.portcullis.ec2.wire;

/**
 * A member of a structure.
 *
 * @param query its name in a query
 * @param xml its name in XML
 * @param required true: a request must have it
 */
record Member(String query, String xml, Type type, boolean required) {}
