/** A daemon that ends in every way and starts again, and NICs that leave, come back, change places or lose their programs. Imports {@code system}. */
@NullMarked
package io.portcullis.system.failure;

import org.jspecify.annotations.NullMarked;
