/**
 * The configuration behind the endpoint: {@link io.portcullis.ec2.store.ConfigStore} splices changes into its files, has the daemon put
 * them in force, and keeps the state.
 *
 * <p>May import {@code ec2}, {@code ec2.model}, {@code ec2.state}, {@code ec2.wire}, {@code config}, {@code config.edit}, {@code
 * config.files}, {@code linux}. Start reading at {@code ConfigStore}.
 */
@NullMarked
package io.portcullis.ec2.store;

import org.jspecify.annotations.NullMarked;
