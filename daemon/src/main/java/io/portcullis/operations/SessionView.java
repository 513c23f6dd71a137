package io.portcullis.operations;
/** Placeholder until the helper's record is merged. */
public record SessionView(String interfaceName, String peer, String local, boolean admitted, String why) {}
