/**
 * The front door: {@link io.portcullis.Portcullis} is the program's {@code main}, the root of the command line in
 * {@code cli}. Nothing else lives here.
 */
@NullMarked
package io.portcullis;

import org.jspecify.annotations.NullMarked;
