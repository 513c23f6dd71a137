/**
 * Who calls: Signature Version 4 in its header form ({@link io.portcullis.ec2.auth.SignatureCheck}), and the file with the keys ({@link
 * io.portcullis.ec2.auth.CredentialsFile}), which may be edited at any time ({@link io.portcullis.ec2.auth.WatchedCredentials}). Secrets leave no trace in messages, logs or {@code toString}.
 *
 * <p>May import {@code ec2.wire} for its errors, {@code config} for faults of the file, {@code linux}. Start reading at {@code
 * SignatureCheck}.
 */
@NullMarked
package io.portcullis.ec2.auth;

import org.jspecify.annotations.NullMarked;
