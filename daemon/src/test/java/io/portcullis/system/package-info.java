/**
 * System tests: the packaged daemon, as a process, between real programs, in network namespaces that
 * {@link io.portcullis.system.Lab} builds with {@code scripts/lab} and removes. They need root; every wait is bounded. Here is what
 * all of them use; the tests are in the packages below, which do not import each other.
 */
@NullMarked
package io.portcullis.system;

import org.jspecify.annotations.NullMarked;
