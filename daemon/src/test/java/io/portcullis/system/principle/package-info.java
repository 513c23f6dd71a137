/** The principles of the design, each with what is in its way: full disks, refused sockets, other users, lost notes. Imports {@code system}. */
@NullMarked
package io.portcullis.system.principle;

import org.jspecify.annotations.NullMarked;
