/**
 * Helpers of the tests of several packages: frames, mutations, an engine with one interface, network namespaces, packet sockets.
 * They contain no tests.
 */
@org.jspecify.annotations.NullMarked
package io.portcullis.testing;
