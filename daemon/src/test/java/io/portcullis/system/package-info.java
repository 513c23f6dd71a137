/**
 * System tests: the packaged daemon, as a process, between real programs, in network namespaces that
 * {@link io.portcullis.system.Lab} builds with {@code scripts/lab} and removes. They need root; every wait is bounded.
 */
@NullMarked
package io.portcullis.system;

import org.jspecify.annotations.NullMarked;
