/** What passes a guarded bridge or host and what does not: servers, tunnels, floods, several workers, every datapath. Imports {@code system}. */
@NullMarked
package io.portcullis.system.traffic;

import org.jspecify.annotations.NullMarked;
