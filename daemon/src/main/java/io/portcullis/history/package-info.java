/**
 * Configurations: {@link io.portcullis.history.History} numbers them and keeps who changed what, {@link
 * io.portcullis.history.LastGood} keeps the last good one, {@link io.portcullis.history.FileSwap} puts one on the disk.
 *
 * <p>May import {@code config.files}, {@code operations}, {@code journal}, {@code linux} and {@code net}. Start reading at {@code History}.
 */
@NullMarked
package io.portcullis.history;

import org.jspecify.annotations.NullMarked;
