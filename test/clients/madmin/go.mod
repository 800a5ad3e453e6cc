module wharf.test/madmin

go 1.21

// The library of the client's own time.
require github.com/minio/minio-go v2.1.0+incompatible
