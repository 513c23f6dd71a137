/**
 * {@link io.portcullis.service.watch.Edits} reports whole edits of the configuration's files, from the kernel's
 * events ({@code ConfigWatch}) on every folder and link that leads to them ({@code WatchPlan}).
 *
 * <p>May import {@code config} and {@code linux}. Start reading at {@code Edits.step}.
 */
@NullMarked
package io.portcullis.service.watch;

import org.jspecify.annotations.NullMarked;
