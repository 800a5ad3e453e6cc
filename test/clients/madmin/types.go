package main

import (
	"encoding/xml"
	"time"
)

type storage struct {
	Total   int64
	Free    int64
	Backend struct {
		Type         int
		OnlineDisks  int
		OfflineDisks int
		ReadQuorum   int
		WriteQuorum  int
	}
}

type serviceStatus struct {
	StorageInfo   storage `json:"storageInfo"`
	ServerVersion struct {
		Version  string `json:"version"`
		CommitID string `json:"commitID"`
	} `json:"serverVersion"`
	Uptime time.Duration `json:"uptime"`
}

type methodStats struct {
	Count       uint64 `json:"count"`
	AvgDuration string `json:"avgDuration"`
}

type serverInfo struct {
	Storage storage `json:"storage"`
	Network struct {
		Transferred uint64 `json:"transferred"`
		Received    uint64 `json:"received"`
	} `json:"network"`
	HTTP   map[string]methodStats `json:"http"`
	Server struct {
		Uptime   time.Duration `json:"uptime"`
		Version  string        `json:"version"`
		CommitID string        `json:"commitID"`
		Region   string        `json:"region"`
		SQSARN   []string      `json:"sqsARN"`
	} `json:"server"`
}

type lockInfo struct {
	Bucket     string `json:"bucket"`
	Object     string `json:"object"`
	ReadLocks  int64  `json:"readLocks"`
	WriteLocks int64  `json:"writeLocks"`
	LockOwners []struct {
		ID       string        `json:"id"`
		Source   string        `json:"source"`
		Type     string        `json:"type"`
		Status   string        `json:"status"`
		Since    time.Time     `json:"since"`
		Duration time.Duration `json:"duration"`
	} `json:"lockOwners"`
}

type healResult struct {
	HealedCount  int
	OfflineCount int
	State        int `json:"state"`
}

type setConfigResult struct {
	NodeResults []struct {
		Name   string `json:"name"`
		ErrSet bool   `json:"errSet"`
		ErrMsg string `json:"errMsg"`
	} `json:"nodeResults"`
	Status bool `json:"status"`
}

type bucketList struct {
	XMLName xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ ListAllMyBucketsResult"`
	Buckets struct {
		Bucket []struct {
			Name           string
			CreationDate   string
			HealBucketInfo *struct{ Status int }
		}
	}
}

type healObjectInfo struct {
	Status              int
	MissingDataCount    int
	MissingParityCount  int
	MissingPartityCount int // as clients of February 2017 spell it
}

type prefix struct{ Prefix string }

type objectPage struct {
	XMLName        xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ ListBucketResult"`
	CommonPrefixes []prefix
	Contents       []struct {
		Key            string
		LastModified   time.Time
		Size           int64
		ETag           string
		StorageClass   string
		HealObjectInfo *healObjectInfo
	}
	IsTruncated bool
	MaxKeys     int64
	NextMarker  string
}

type uploadPage struct {
	XMLName            xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ ListMultipartUploadsResult"`
	NextUploadIDMarker string   `xml:"NextUploadIdMarker"`
	MaxUploads         int
	IsTruncated        bool
	Upload             []struct {
		Key            string
		UploadID       string `xml:"UploadId"`
		Initiated      time.Time
		HealObjectInfo *healObjectInfo
	}
}
